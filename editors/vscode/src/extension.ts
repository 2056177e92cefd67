// Starts `ingam lsp` for the files of a workspace. Everything else is done by the server.

import * as vscode from "vscode";
import { LanguageClient, LanguageClientOptions, ServerOptions } from "vscode-languageclient/node";

let client: LanguageClient | undefined;

function newClient(): LanguageClient {
  const settings = vscode.workspace.getConfiguration("ingam");
  const root = settings.get<string>("root", "");
  const server: ServerOptions = {
    command: settings.get<string>("path", "ingam"),
    args: root === "" ? ["lsp"] : ["--root", root, "lsp"],
  };
  const files = ["ingam.{yaml,yml}", "{requests,fixtures,schemes}/**/*.{yaml,yml}"];
  const options: LanguageClientOptions = {
    documentSelector: files.map((pattern) => ({ scheme: "file", pattern: `**/${pattern}` })),
    middleware: {
      executeCommand: async (command, args, next) => {
        // A run reads files, and not the buffers of the editor.
        await vscode.workspace.saveAll(false);
        const result = await next(command, args);
        if (command === "ingam.explain" && typeof result === "string") {
          const document = await vscode.workspace.openTextDocument({ content: result });
          await vscode.window.showTextDocument(document, { preview: true });
        }
        return result;
      },
    },
  };
  return new LanguageClient("ingam", "ingam", server, options);
}

async function start(): Promise<void> {
  client = newClient();
  try {
    await client.start();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    void vscode.window.showErrorMessage(
      `The language server of ingam does not start: ${reason}. Install ingam, or set "ingam.path".`,
    );
  }
}

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  const restart = vscode.commands.registerCommand("ingam.restart", async () => {
    await client?.dispose();
    await start();
  });
  context.subscriptions.push(restart);
  await start();
}

export async function deactivate(): Promise<void> {
  await client?.stop();
}
