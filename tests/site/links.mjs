// Follows every link of the built site: the page or file must be there, and so must the anchor.
// Independent of the generator, which checks only what is a link in Markdown.
import { existsSync, readFileSync, readdirSync, statSync } from "node:fs";
import path from "node:path";

/** The pages of a site as their addresses: "reference/request/". */
export function pagesOf(site) {
  const names = readdirSync(site, { recursive: true }).map((name) => name.replaceAll(path.sep, "/"));
  const pages = names.filter((name) => name === "index.html" || name.endsWith("/index.html"));
  return pages.map((name) => name.slice(0, -"index.html".length)).sort();
}

/** How many links there are; `fault(page, text)` is called for each that leads nowhere. */
export function checkLinks(site, fault) {
  const anchors = new Map();
  const anchorsOf = (file) => {
    if (!anchors.has(file)) anchors.set(file, idsOf(readFileSync(file, "utf8")));
    return anchors.get(file);
  };
  let count = 0;
  for (const page of pagesOf(site)) {
    const html = readFileSync(path.join(site, page, "index.html"), "utf8");
    for (const target of linksOf(html)) {
      count += 1;
      const url = new URL(target, `http://site/${page}`);
      if (url.origin !== "http://site") continue;
      const problem = problemOf(site, url, anchorsOf);
      if (problem) fault(page, `${target}: ${problem}`);
    }
  }
  return count;
}

function problemOf(site, url, anchorsOf) {
  let file = path.join(site, decodeURIComponent(url.pathname));
  if (!existsSync(file)) return "leads nowhere";
  if (statSync(file).isDirectory()) file = path.join(file, "index.html");
  if (!existsSync(file)) return "is a folder without a page";
  const anchor = decodeURIComponent(url.hash.slice(1));
  if (anchor && !anchor.startsWith("__") && !anchorsOf(file).has(anchor)) return "has no such anchor";
  return null;
}

const idsOf = (html) => new Set([...html.matchAll(/\sid="([^"]+)"/g)].map((found) => unescaped(found[1])));

const linksOf = (html) =>
  [...html.matchAll(/\s(?:href|src)="([^"]*)"/g)].map((found) => unescaped(found[1])).filter((link) => !/^(data|mailto):/.test(link));

const unescaped = (text) => text.replaceAll("&amp;", "&").replaceAll("&quot;", '"').replaceAll("&#39;", "'");
