// Drives the scenarios of tests/lsp with the protocol library of VS Code: `node client.mjs PROGRAM`.
// Prints one line for each scenario that fails, and the number of scenarios.

import { spawn } from "node:child_process";
import { mkdtempSync, mkdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { createRequire } from "node:module";

const modules = createRequire(join(process.env.INGAM_LSP_CLIENT ?? ".", "package.json"));
const rpc = modules("vscode-jsonrpc/node.js");
const lsp = modules("vscode-languageserver-protocol");

const program = process.argv[2];
const folder = dirname(dirname(fileURLToPath(import.meta.url)));
const CURSOR = "‸";

function scenarios(name) {
  const found = [];
  let body;
  for (const line of readFileSync(join(folder, name), "utf8").split("\n")) {
    const [, mark, rest] = /^(==|--|\+\+|\?\?) (.*)$/.exec(line) ?? [];
    if (mark === undefined) {
      body?.push(line);
      continue;
    }
    body = [];
    if (mark === "==") {
      found.push({ title: rest, files: [], buffer: undefined, questions: [] });
    } else if (mark === "--") {
      found.at(-1).files.push([rest, body]);
    } else if (mark === "++") {
      found.at(-1).buffer = [rest, body];
    } else {
      found.at(-1).questions.push([rest, body]);
    }
  }
  return found;
}

const lines = (body) => body.filter((line, at) => line !== "" || at < body.length - 1);

function position(text, at) {
  const before = text.slice(0, at).split("\n");
  return { line: before.length - 1, character: before.at(-1).length };
}

function offset(text, { line, character }) {
  const above = text.split("\n").slice(0, line);
  return above.reduce((sum, one) => sum + one.length + 1, 0) + character;
}

function applied(text, edits) {
  const sorted = [...edits].sort((a, b) => offset(text, b.range.start) - offset(text, a.range.start));
  for (const edit of sorted) {
    const [start, end] = [offset(text, edit.range.start), offset(text, edit.range.end)];
    text = text.slice(0, start) + edit.newText + text.slice(end);
  }
  return text.trimEnd();
}

async function ask(connection, root, buffer, question, expected) {
  const uri = pathToFileURL(join(root, buffer.path)).href;
  const textDocument = { uri };
  const at = position(buffer.text, buffer.at);
  const place = { textDocument, position: at };
  const show = (uri, range) => {
    const base = `${pathToFileURL(root).href}/`;
    const path = uri.startsWith(base) ? uri.slice(base.length) : `…/${uri.split("/").at(-1)}`;
    return `${path}:${range.start.line + 1}:${range.start.character + 1}`;
  };
  const [verb, ...rest] = question.split(" ");
  const label = rest.join(" ");
  const wanted = lines(expected).join("\n").trimEnd();
  const same = (text) => (text === wanted ? undefined : `gives ${text}`);
  switch (verb) {
    case "complete":
    case "insert": {
      const list = await connection.sendRequest(lsp.CompletionRequest.type, place);
      if (verb === "insert") {
        const item = list.items.find((one) => one.label === label);
        return item === undefined ? "no such completion" : same(applied(buffer.text, [item.textEdit]));
      }
      for (const line of lines(expected)) {
        const [name, detail = ""] = line.replace(/^!/, "").split(" | ");
        const is = list.items.some((one) => one.label === name && (one.detail ?? "").includes(detail));
        if (is === line.startsWith("!")) return line;
      }
      return undefined;
    }
    case "hover": {
      const found = await connection.sendRequest(lsp.HoverRequest.type, place);
      const text = found?.contents.value ?? "";
      return lines(expected).find((line) => text.includes(line.replace(/^!/, "")) === line.startsWith("!"));
    }
    case "goto": {
      const found = (await connection.sendRequest(lsp.DefinitionRequest.type, place)) ?? [];
      return same(found.map((one) => show(one.uri, one.range)).join("\n"));
    }
    case "references": {
      const params = { ...place, context: { includeDeclaration: true } };
      const found = (await connection.sendRequest(lsp.ReferencesRequest.type, params)) ?? [];
      return same(found.map((one) => show(one.uri, one.range)).join("\n"));
    }
    case "fix":
    case "nofix": {
      const params = { textDocument, range: { start: at, end: at }, context: { diagnostics: [] } };
      const found = (await connection.sendRequest(lsp.CodeActionRequest.type, params)) ?? [];
      if (verb === "nofix") return found.length === 0 ? undefined : JSON.stringify(found);
      const action = found.find((one) => one.title === label);
      return action === undefined ? "no such fix" : same(applied(buffer.text, action.edit.changes[uri]));
    }
    case "folds": {
      const found = await connection.sendRequest(lsp.FoldingRangeRequest.type, { textDocument });
      return same(found.map((one) => `${one.startLine + 1}-${one.endLine + 1}`).join("\n"));
    }
    case "lenses": {
      const found = await connection.sendRequest(lsp.CodeLensRequest.type, { textDocument });
      const text = (one) => `${one.range.start.line + 1} ${one.command.title} ${one.command.arguments[1]}`;
      return same(found.map(text).join("\n"));
    }
    case "symbols":
      await connection.sendRequest(lsp.DocumentSymbolRequest.type, { textDocument });
      return undefined;
    case "tokens":
      await connection.sendRequest(lsp.SemanticTokensRequest.type, { textDocument });
      return undefined;
    case "select":
      await connection.sendRequest(lsp.SelectionRangeRequest.type, { textDocument, positions: [at] });
      return undefined;
    default:
      return undefined;
  }
}

async function run(scenario, base) {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "ingam-lsp-")));
  const files = [...base, ...scenario.files];
  if (!files.some(([path]) => path === "ingam.yaml")) files.push(["ingam.yaml", [""]]);
  for (const [path, body] of files) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), `${lines(body).join("\n")}\n`);
  }
  const [path, body] = scenario.buffer;
  const marked = `${body.join("\n")}\n`;
  const buffer = { path, at: marked.indexOf(CURSOR), text: marked.replace(CURSOR, "") };
  const child = spawn(program, ["lsp", "--stdio"], { cwd: root, env: { HOME: home, PATH: process.env.PATH } });
  const connection = rpc.createMessageConnection(
    new rpc.StreamMessageReader(child.stdout),
    new rpc.StreamMessageWriter(child.stdin),
  );
  connection.onRequest(() => null);
  connection.listen();
  const failures = [];
  const capabilities = { workspace: { didChangeWatchedFiles: { dynamicRegistration: true } } };
  const rootUri = pathToFileURL(root).href;
  await connection.sendRequest(lsp.InitializeRequest.type, { processId: null, rootUri, capabilities });
  await connection.sendNotification(lsp.InitializedNotification.type, {});
  const uri = pathToFileURL(join(root, path)).href;
  const textDocument = { uri, languageId: "yaml", version: 1, text: buffer.text };
  await connection.sendNotification(lsp.DidOpenTextDocumentNotification.type, { textDocument });
  for (const [question, expected] of scenario.questions) {
    const reason = await ask(connection, root, buffer, question, expected).catch(String);
    if (reason !== undefined) failures.push(`${scenario.title}: ${question}: ${reason}`);
  }
  await connection.sendRequest(lsp.ShutdownRequest.type);
  await connection.sendNotification(lsp.ExitNotification.type);
  const code = await new Promise((resolve) => child.on("exit", resolve));
  if (code !== 0) failures.push(`${scenario.title}: exit code ${code}`);
  connection.dispose();
  rmSync(root, { recursive: true });
  return failures;
}

const home = mkdtempSync(join(tmpdir(), "ingam-home-"));
const base = scenarios("base.txt")[0].files;
let count = 0;
for (const [name, files] of [
  ["fixes.txt", []],
  ["completion.txt", base],
  ["hover.txt", base],
  ["navigation.txt", base],
  ["structure.txt", base],
]) {
  for (const scenario of scenarios(name)) {
    count += 1;
    for (const failure of await run(scenario, files)) console.log(failure);
  }
}
rmSync(home, { recursive: true, force: true });
console.log(`${count} scenarios`);
