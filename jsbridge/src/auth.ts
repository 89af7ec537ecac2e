// Ready parts for the option auth, on what the web and browsers' extensions offer:
// the entry "remora-mcp/auth". What needs Node is in auth.node.ts.

export type { AskContext } from "./asks.js";
export { type ChromeIdentity, type ChromeIdentityOptions, chromeIdentity } from "./auth-chrome.js";
export { finishPopup, type Popup, type PopupOptions, type PopupWindow, popup } from "./auth-popup.js";
export { type Redirect, type RedirectOptions, redirect } from "./auth-redirect.js";
export type { Authorize } from "./generated/wire.js";
export type { CryptoKeyPairLike } from "./sign.js";
export { memoryStore, type TokenStore } from "./store.js";
export { type ChromeStorageArea, type ChromeStorageStoreOptions, chromeStorageStore } from "./store-chrome.js";
export { type IndexedDBOptions, indexedDBKeyPair, indexedDBStore } from "./store-indexeddb.js";
export { type LocalStorageStoreOptions, localStorageStore, type StorageLike } from "./store-local.js";
