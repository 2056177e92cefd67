// Opens the pages of the site and HTML reports in headless Chromium as readers meet them: with the
// keyboard, in light and in dark, 400 pixels wide. Prints what is wrong, and what was looked at.
//
// node check.mjs TOOLS SITE SCREENSHOTS REPORT.html…
// TOOLS is where install.sh put axe-core and playwright-core.
import { createRequire } from "node:module";
import { mkdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { checkLinks, pagesOf } from "./links.mjs";
import { serve } from "./server.mjs";

const [tools, site, screenshots, ...reports] = process.argv.slice(2);
const require = createRequire(path.resolve(tools) + "/");
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const NARROW = { width: 400, height: 800 };
const WIDE = { width: 1280, height: 900 };
// All pages of built-in schemes come from one template: the index and the largest and smallest stand for them.
const MARKETPLACES = "reference/marketplaces/";
const OF_MARKETPLACES = ["", "shopee/", "basic/"].map((name) => MARKETPLACES + name);
// The frame of the site is the same everywhere: it is looked at with these pages, in dark mode and with the keyboard
// too, and of all other pages only their content.
const WHOLE = ["", "tutorial/first-request/", "reference/request/", "reference/command-line/", "ko/tutorial/first-request/", OF_MARKETPLACES[1]];
const CONTENT = "article";
// A browser needs more than a second for a page. CI opens a fifth of those that are only read, and `just measure` all.
const SHARE = process.env.INGAM_MEASURE ? 1 : 5;

const faults = [];
const fault = (address, text) => faults.push(`${address}: ${text}`);

async function main() {
  mkdirSync(screenshots, { recursive: true });
  const server = await serve(site);
  const links = checkLinks(site, fault);
  const all = pagesOf(site);
  const addresses = [
    ...reports.map((file) => ({ url: "file://" + path.resolve(file), name: path.basename(file), isWhole: true })),
    ...all
      .filter((page) => !page.startsWith(MARKETPLACES) || OF_MARKETPLACES.includes(page))
      .filter((page, position) => WHOLE.includes(page) || position % SHARE === 0)
      .map((page) => ({ url: server.url + page, name: page || "index", isWhole: WHOLE.includes(page) })),
  ];
  const opened = addresses.length;
  const browser = await launch();
  await search(browser, server.url);
  await Promise.all([lookAtEach(browser, addresses), lookAtEach(browser, addresses)]);
  await browser.close();
  server.close();
  for (const text of faults) console.log(text);
  console.log(`${all.length} pages, ${links} links, ${opened} opened, ${faults.length} faults`);
  process.exitCode = faults.length > 0 ? 1 : 0;
}

/** As root Chromium has no sandbox of its own. It calls nobody by itself, and finds no host but this one. */
function launch() {
  return chromium.launch({
    executablePath: process.env.INGAM_TEST_CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--disable-background-networking",
      "--disable-component-update",
      "--no-first-run",
      "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    ],
  });
}

/** Takes addresses from the queue until there are none. */
async function lookAtEach(browser, queue) {
  const light = await newPage(browser, "light");
  const dark = await newPage(browser, "dark");
  for (let address = queue.shift(); address; address = queue.shift()) {
    await lookAt(light, dark, address);
  }
}

async function newPage(browser, colorScheme) {
  const context = await browser.newContext({ colorScheme, viewport: WIDE, bypassCSP: true });
  const page = await context.newPage();
  page.on("pageerror", (error) => fault(page.url(), `script: ${error.message}`));
  page.on("request", (request) => {
    const isLocal = /^(data:|blob:|file:|http:\/\/127\.0\.0\.1:)/.test(request.url());
    if (!isLocal) fault(page.url(), `loads ${request.url()}`);
  });
  return page;
}

async function lookAt(light, dark, address) {
  await light.goto(address.url);
  await accessible(light, address, "light", address.isWhole ? undefined : CONTENT);
  if (address.isWhole) {
    await keyboard(light, address);
    await picture(light, address, "light");
  }
  await light.setViewportSize(NARROW);
  const width = await light.evaluate(() => document.documentElement.scrollWidth);
  if (width > NARROW.width) fault(address.name, `is ${width} pixels wide in a window of ${NARROW.width}`);
  if (address.isWhole) await picture(light, address, "narrow");
  await light.setViewportSize(WIDE);
  if (address.isWhole) await lookAtDark(dark, address);
}

async function lookAtDark(dark, address) {
  await dark.goto(address.url);
  const share = await dark.evaluate(brightness);
  if (share > 0.25) fault(address.name, `in dark mode the background has a brightness of ${share.toFixed(2)}`);
  await accessible(dark, address, "dark");
  await picture(dark, address, "dark");
}

const picture = (page, address, kind) =>
  page.screenshot({ path: path.join(screenshots, `${address.name.replaceAll("/", "_")}-${kind}.png`) });

async function accessible(page, address, kind, part) {
  await page.evaluate(axe);
  // In dark only the colours differ.
  const options = kind === "dark" ? { runOnly: ["color-contrast"] } : {};
  const run = ([selector, chosen]) => window.axe.run(selector ?? document, chosen);
  const { violations } = await page.evaluate(run, [part, options]);
  for (const { id, help, nodes } of violations) {
    const places = nodes.slice(0, 8).map((node) => node.html.replace(/\s+/g, " ").slice(0, 100));
    fault(address.name, `${kind}: ${id}: ${help}: ${nodes.length} × ${places.join(" ¦ ")}`);
  }
}

/** Tab reaches elements, and whoever looks at the page sees where it is. */
async function keyboard(page, address) {
  const reached = new Set();
  for (let presses = 0; presses < 12; presses += 1) {
    await page.keyboard.press("Tab");
    const focus = await page.evaluate(focused);
    if (!focus) break;
    reached.add(focus.html);
    if (!focus.isShown) fault(address.name, `the focus cannot be seen on ${focus.html}`);
  }
  if (reached.size < 3) fault(address.name, `Tab reaches ${reached.size} elements`);
}

// Runs in the page.
function focused() {
  const element = document.activeElement;
  if (!element || element === document.body) return null;
  // A box to tick that is itself invisible is seen by its label.
  const seen = element.matches(".md-option") ? element.nextElementSibling : element;
  const style = getComputedStyle(seen);
  const box = seen.getBoundingClientRect();
  const hasRing = style.outlineStyle !== "none" || style.boxShadow !== "none";
  return { html: element.outerHTML.slice(0, 120), isShown: hasRing && box.width > 0 && box.height > 0 };
}

// Runs in the page: 0 is black, 1 is white.
function brightness() {
  const colour = [document.body, document.documentElement]
    .map((element) => getComputedStyle(element).backgroundColor)
    .find((text) => text !== "rgba(0, 0, 0, 0)");
  const [red, green, blue] = (colour ?? "rgb(255, 255, 255)").match(/[\d.]+/g).map(Number);
  return (0.2126 * red + 0.7152 * green + 0.0722 * blue) / 255;
}

/** The search finds a key from the keyboard alone. */
async function search(browser, url) {
  const page = await newPage(browser, "light");
  await page.goto(url);
  await page.keyboard.press("/");
  await page.keyboard.type("allow_empty");
  const result = page.locator(".md-search-result__link").first();
  await result.waitFor({ timeout: 10_000 }).catch(() => fault("search", "finds no `allow_empty`"));
  await page.close();
}

await main();
