"""What MkDocs does not do by itself for these pages. Nothing here changes what a page says."""

import re
from pathlib import Path

MARKETPLACES = "reference/marketplaces/"
KOREAN = "ko/"
SEARCH = 'data-md-component="search" role="dialog" aria-label="Search"'
NAVIGATION = re.compile(r'<nav class="md-nav" (data-md-level="\d+") aria-labelledby="[^"]*" aria-expanded="\w+">')

# Only a page that begins with its heading is listed by it.
COMMENT = re.compile(r"\A<!--.*?-->\s*", re.DOTALL)

# ```yaml wrong request, ```yaml fragment file=compose.yaml
FENCE = re.compile(r"^([ \t]*```)(\w+) ([^\n{]+)$", re.MULTILINE)


def on_config(config):
    """Puts the pages of the built-in schemes into the navigation, one for each file."""
    folder = Path(config.docs_dir) / MARKETPLACES
    pages = sorted(page.name for page in folder.glob("*.md") if page.name != "README.md")
    listed = [MARKETPLACES + name for name in ["README.md", *pages]]
    config.nav = [_with_marketplaces(entry, listed) for entry in config.nav]
    return config


def _with_marketplaces(entry, listed):
    if entry == MARKETPLACES:
        return listed
    if isinstance(entry, list):
        return [_with_marketplaces(inner, listed) for inner in entry]
    if isinstance(entry, dict):
        return {title: _with_marketplaces(inner, listed) for title, inner in entry.items()}
    return entry


def on_page_markdown(markdown, **_):
    """Turns the words behind the language of a block, which ingam's tests read, into a title."""
    return FENCE.sub(_fence, COMMENT.sub("", markdown))


def _fence(found):
    opening, language, words = found.groups()
    name = re.search(r"file=(\S+)", words)
    if words.startswith("wrong"):
        title = "ingam reports an error"
    elif name:
        title = name[1]
    else:
        return opening + language
    return f'{opening}{language} title="{title}"'


def on_post_page(output, page, **_):
    """Names and languages that screen readers need and the theme leaves out."""
    output = output.replace('data-md-component="search" role="dialog"', SEARCH, 1)
    # The list of results cannot be seen while it has the focus by itself.
    output = output.replace('class="md-search__scrollwrap" tabindex="0"', 'class="md-search__scrollwrap" tabindex="-1"', 1)
    # A section of the navigation is no place of its own.
    output = NAVIGATION.sub(r'<nav class="md-nav" \1 role="none">', output)
    if page.file.src_uri.startswith(KOREAN):
        return output.replace('<html lang="en"', '<html lang="ko"', 1)
    return output
