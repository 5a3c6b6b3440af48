"""Changes the links of the book where its files differ from docs/. The text of the links stays.

The book does not contain files outside docs/, so links to them are removed. mdbook renames README.md to index.md.
mdbook calls this program before it renders the pages.
"""

import json
import posixpath
import re
import sys

LINK = re.compile(r"\[([^\[\]]+)\]\(([^()\s:#]*)(#[^()\s]*)?\)")


def change_links(text, folder):
    def change(link):
        path = posixpath.normpath(posixpath.join(folder, link[2]))
        if path.startswith(".."):
            return link[1]
        return f"[{link[1]}]({re.sub(r'README.md$', 'index.md', link[2])}{link[3] or ''})"

    return LINK.sub(change, text)


def chapters(items):
    for item in items:
        if isinstance(item, dict) and "Chapter" in item:
            yield item["Chapter"]
            yield from chapters(item["Chapter"]["sub_items"])


if __name__ == "__main__":
    if sys.argv[1:2] == ["supports"]:
        sys.exit(0 if sys.argv[2] == "html" else 1)
    _context, book = json.load(sys.stdin)
    for chapter in chapters(book["items"]):
        chapter["content"] = change_links(chapter["content"], posixpath.dirname(chapter["path"]))
    json.dump(book, sys.stdout)
