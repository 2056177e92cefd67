"""Parses a file as Groovy: groovy.py FILE. Exits with 1 at the first place that is not Groovy."""

import sys

import tree_sitter
import tree_sitter_groovy


def first_error(node):
    if node.type == "ERROR" or node.is_missing:
        return node
    return next((found for child in node.children if (found := first_error(child))), None)


with open(sys.argv[1], "rb") as file:
    parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_groovy.language()))
    tree = parser.parse(file.read())
if error := first_error(tree.root_node):
    sys.exit(f"{sys.argv[1]}:{error.start_point.row + 1}: not Groovy")
if tree.root_node.child_count == 0:
    sys.exit(f"{sys.argv[1]} is empty")
