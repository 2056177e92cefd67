// Runs one client library against the sandbox: `driver.js LIBRARY`.
//
// `CLIENT_BASE` is the base URL, and the test keys are in the variables that `ingam sandbox` prints.
// A library is not changed: only its base URL is, or where it has none the host that it connects to.
'use strict';

const { createRequire } = require('node:module');
const http = require('node:http');
const { readFileSync } = require('node:fs');
const https = require('node:https');
const path = require('node:path');
const { pathToFileURL } = require('node:url');

const ORIGIN = process.env.CLIENT_ORIGIN;
const BASE = process.env.CLIENT_BASE;
const modules = path.join(process.env.INGAM_TEST_CLIENTS, 'node_modules');
const load = createRequire(path.join(modules, 'driver.js'));

/** A library that is an ES module. */
async function loadModule(name) {
  const folder = path.join(modules, name);
  const { exports: entries, module, main } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));
  let entry = entries?.['.'] ?? entries ?? module ?? main;
  while (typeof entry === 'object') entry = entry.import ?? entry.node ?? entry.default;
  return import(pathToFileURL(path.join(folder, entry)));
}

const realFetch = globalThis.fetch;
const RealDate = globalThis.Date;

/** A test key of the sandbox. */
const key = (name) => process.env[`INGAM_${name}`];

/**
 * Calls inside belong to `name`; an accepted one is answered with `answer`. Libraries throw for what
 * is refused, and some for an answer that they do not know. Neither is the verdict: the sandbox
 * gives it.
 */
async function call(name, answer, ask) {
  const body = `${name}\n${JSON.stringify(answer)}`;
  await (await realFetch(`${ORIGIN}/.next-call`, { method: 'POST', body })).text();
  try {
    await ask();
  } catch (error) {
    console.error(`${name}: ${String((error && error.message) || error).slice(0, 300)}`);
  }
}

/** A control of the sandbox, such as `expire?what=access`. */
async function control(name) {
  await (await realFetch(`${ORIGIN}/.ingam/${name}`, { method: 'POST' })).text();
}

/** Runs `ask` while the clock of this process is so many seconds off. */
async function at(seconds, ask) {
  const shift = seconds * 1000;
  globalThis.Date = class extends RealDate {
    constructor(...given) {
      super(...(given.length ? given : [RealDate.now() + shift]));
    }
    static now() {
      return RealDate.now() + shift;
    }
  };
  try {
    await ask();
  } finally {
    globalThis.Date = RealDate;
  }
}

/** The same address on the sandbox. */
const atSandbox = (url) => {
  const { pathname, search } = new URL(url);
  return ORIGIN + pathname + search;
};

/**
 * For libraries whose address is written into their code: `fetch` and `node:https` connect to the
 * sandbox. What is sent stays as the library made it, but for the host.
 */
function redirect() {
  globalThis.fetch = (target, options) => {
    const isRequest = target instanceof Request;
    const url = atSandbox(isRequest ? target.url : target);
    return realFetch(isRequest ? new Request(url, target) : url, options);
  };
  const { hostname, port } = new URL(ORIGIN);
  const here = (options) => ({
    ...options,
    protocol: 'http:',
    host: hostname,
    hostname,
    port,
    agent: undefined,
    agents: undefined,
    servername: undefined,
  });
  https.request = (options, ...more) => {
    if (typeof options === 'string' || options instanceof URL) {
      const [first, ...rest] = more;
      const isOptions = first && typeof first === 'object';
      const url = atSandbox(String(options));
      return isOptions
        ? http.request(url, here(first), ...rest)
        : http.request(url, ...more);
    }
    return http.request(here(options), ...more);
  };
  https.get = (...given) => {
    const request = https.request(...given);
    request.end();
    return request;
  };
}

/** Signs in on the page of an authorization link, as its first account; the code that returns. */
async function codeOf(link, name = 'code') {
  const page = await (await realFetch(atSandbox(link))).text();
  const href = /href="([^"]+)"/.exec(page)[1].replaceAll('&amp;', '&');
  return new URL(href).searchParams.get(name);
}

// For a secret or key that is not the test one.
const WRONG = 'wrong-secret-of-the-same-kind';

module.exports = { ORIGIN, BASE, WRONG, load, loadModule, key, call, control, at, redirect, codeOf };

async function main() {
  const name = process.argv[2];
  let version;
  try {
    ({ version } = JSON.parse(
      readFileSync(path.join(modules, name, 'package.json'), 'utf8'),
    ));
  } catch {
    console.log('not installed');
    return;
  }
  console.log('version', version);
  const libraries = { ...require('./asia.js'), ...require('./west.js') };
  await libraries[name]();
  // A library may keep a connection or a timer.
  process.exit(0);
}

if (require.main === module) {
  main().catch((error) => {
    console.error(error);
    process.exit(1);
  });
}
