-- Starts the language server from Neovim, and writes what Neovim got of it to the file $INGAM_OUT.

local root = vim.env.INGAM_ROOT
local file = root .. "/requests/a.yaml"
local lines = {}
local function say(text) table.insert(lines, text) end

vim.cmd("edit " .. file)
local buffer = vim.api.nvim_get_current_buf()
local client = vim.lsp.start_client({
  name = "ingam",
  cmd = { vim.env.INGAM_PROGRAM, "lsp" },
  root_dir = root,
  cmd_env = { HOME = root },
})
vim.lsp.buf_attach_client(buffer, client)
vim.wait(10000, function() return #vim.diagnostic.get(buffer) > 0 end, 20)
for _, fault in ipairs(vim.diagnostic.get(buffer)) do
  say(string.format("%d:%d %s", fault.lnum + 1, fault.col + 1, fault.message:match("[^\n]*")))
end

local function ask(method, line, column)
  local params = {
    textDocument = vim.lsp.util.make_text_document_params(buffer),
    position = { line = line, character = column },
    range = { start = { line = line, character = column }, ["end"] = { line = line, character = column } },
    context = { diagnostics = {} },
  }
  local answers = vim.lsp.buf_request_sync(buffer, method, params, 10000)
  return answers and answers[client] and answers[client].result
end

local hover = ask("textDocument/hover", 0, 10)
say("hover " .. hover.contents.value:match("[^\n]*"))
local definition = ask("textDocument/definition", 2, 18)
say("definition " .. definition[1].uri:match("[^/]*$") .. " " .. definition[1].range.start.line)
-- The fix of the misspelled key, applied by Neovim.
local actions = ask("textDocument/codeAction", 3, 2)
vim.lsp.util.apply_workspace_edit(actions[1].edit, "utf-16")
vim.wait(10000, function() return #vim.diagnostic.get(buffer) == 0 end, 20)
say("faults after the fix " .. #vim.diagnostic.get(buffer))
say(table.concat(vim.api.nvim_buf_get_lines(buffer, 3, 4, false), ""))
-- An edit with letters of several units before it, sent as an incremental change.
vim.api.nvim_buf_set_text(buffer, 2, 0, 2, 0, { "# 한🎧", "" })
vim.api.nvim_buf_set_text(buffer, 3, 0, 3, 5, { "qery" })
vim.wait(10000, function() return #vim.diagnostic.get(buffer) > 0 end, 20)
for _, fault in ipairs(vim.diagnostic.get(buffer)) do
  say(string.format("%d:%d %s", fault.lnum + 1, fault.col + 1, fault.message:match("[^\n]*")))
end
vim.lsp.stop_client(client)
local out = io.open(vim.env.INGAM_OUT, "w")
out:write(table.concat(lines, "\n") .. "\n")
out:close()
vim.cmd("qall!")
