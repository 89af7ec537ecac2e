// Finds a Chromium and starts it.
//
// In this order: the program that REMORA_CHROMIUM names; chromium,
// chromium-browser, google-chrome or google-chrome-stable on the PATH; the one
// that the npm package @sparticuz/chromium carries (Linux on x64), unpacked
// into dist/test. If that one lacks system libraries, Debian's Chromium is
// installed where CI=true; elsewhere the error names the command that brings
// them. REMORA_CHROMIUM=npm skips to the npm package.
//
// Nothing is downloaded, and no shared temporary folder holds a program.

import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const root = fileURLToPath(new URL("../../", import.meta.url));
const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

// What every start is given. Web security stays on: CORS is a part of what is
// tested. The sandbox is off because the tests also run as root in containers,
// and load pages of their own only.
const flags = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/**
 * Starts a headless browser with a fresh profile.
 *
 * @returns {Promise<import("playwright-core").Browser>} close() ends it
 * @throws {Error} that says what to do, if no browser can be started
 */
export async function launch() {
  const there = process.env.REMORA_CHROMIUM === "npm" ? undefined : installed();
  if (there !== undefined) return start(there);
  const unpacked = await fromNPM();
  try {
    return await start(unpacked);
  } catch (error) {
    if (!/error while loading shared libraries/.test(error.message)) throw error;
    if (process.env.CI === "true" && debian()) return start(installDebian());
    throw new Error(
      `Chromium cannot start for want of system libraries (${missing(error.message)}). Install them with:\n  ${remedy()}`,
    );
  }
}

/** The path of a Chromium that is installed, or undefined. */
function installed() {
  const named = process.env.REMORA_CHROMIUM;
  if (named && named !== "npm") {
    if (!runnable(named)) throw new Error("REMORA_CHROMIUM does not name a program that can be run");
    return named;
  }
  const folders = (process.env.PATH ?? "").split(delimiter).filter(Boolean);
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find(runnable);
}

function runnable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

async function start(executablePath) {
  return chromium.launch({ executablePath, headless: true, chromiumSandbox: false, args: flags });
}

/** Unpacks the npm package's Chromium, once, and returns its path. */
async function fromNPM() {
  if (process.platform !== "linux" || process.arch !== "x64") {
    throw new Error("no Chromium found: install one, or name it in REMORA_CHROMIUM");
  }
  const manifest = join(root, "test/node_modules/@sparticuz/chromium/package.json");
  if (!existsSync(manifest)) throw new Error("@sparticuz/chromium is not installed; run: npm --prefix test ci");
  const { version } = JSON.parse(readFileSync(manifest, "utf8"));
  const folder = join(root, `dist/test/chromium-${version}`);
  const program = join(folder, "chromium");
  if (existsSync(program)) return program;

  // The package unpacks into the temporary folder of the environment. It is
  // given one of its own, which takes its place when it is complete: several
  // tests may do this at the same time.
  mkdirSync(join(root, "dist/test"), { recursive: true });
  const fresh = mkdtempSync(`${folder}-`);
  const before = process.env.TMPDIR;
  process.env.TMPDIR = fresh;
  try {
    const { default: packed } = await import("@sparticuz/chromium");
    await packed.executablePath();
    try {
      renameSync(fresh, folder);
    } catch (error) {
      if (!existsSync(program)) throw error;
    }
  } finally {
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
    rmSync(fresh, { recursive: true, force: true });
  }
  return program;
}

/** Whether this system is Debian, whose Chromium is a plain package. */
function debian() {
  try {
    return /^ID=debian$/m.test(readFileSync("/etc/os-release", "utf8"));
  } catch {
    return false;
  }
}

/** Installs Debian's Chromium and returns its path. */
function installDebian() {
  const command = `${asRoot()}sh -c "apt-get update && apt-get install -y --no-install-recommends chromium"`;
  const done = spawnSync(command, { shell: true, stdio: ["ignore", 2, 2] });
  const path = installed();
  if (done.status !== 0 || path === undefined) throw new Error(`installing Chromium failed: ${command}`);
  return path;
}

/** The one command that brings what is missing. */
function remedy() {
  if (debian()) return `${asRoot()}apt-get install -y chromium`;
  return `${asRoot()}node test/node_modules/playwright-core/cli.js install-deps chromium`;
}

const asRoot = () => (process.getuid?.() === 0 ? "" : "sudo ");

const missing = (message) => /shared libraries: ([\w.+-]+)/.exec(message)?.[1] ?? "see above";
