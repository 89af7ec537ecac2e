// The driver in a page: window.begin(client, server), then window.answer(request).
// browser.js bundles it and calls them. Only what the client needs is loaded.

import { Driver } from "./driver.js";

const clients = {
  async remora() {
    const { connect } = await import("remora-mcp");
    return (await import("./client-remora.js")).remora(connect);
  },
  async sdk() {
    return (await import("./client-sdk.js")).sdk;
  },
  async fetch() {
    return (await import("./client-fetch.js")).bare;
  },
};

window.begin = async (client, server) => {
  const driver = new Driver(await clients[client](), server);
  await driver.begin();
  window.answer = (request) => driver.answer(request);
};
