"""Parses a file: grammar.py LANGUAGE FILE, with the grammar tree_sitter_LANGUAGE. Exits with 1 at the first place that
is not in that language."""

import importlib
import sys

import tree_sitter


def first_error(node):
    if node.type == "ERROR" or node.is_missing:
        return node
    return next((found for child in node.children if (found := first_error(child))), None)


language, path = sys.argv[1:]
grammar = importlib.import_module(f"tree_sitter_{language}").language()
with open(path, "rb") as file:
    tree = tree_sitter.Parser(tree_sitter.Language(grammar)).parse(file.read())
if error := first_error(tree.root_node):
    sys.exit(f"{path}:{error.start_point.row + 1}: not {language}")
if tree.root_node.child_count == 0:
    sys.exit(f"{path} is empty")
