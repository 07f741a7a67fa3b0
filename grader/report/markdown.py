"""Render the Markdown that students wrote, so that nothing in it can act, load anything or hide.

`grader.report.html` puts the result into a scorecard.
"""

import re

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markupsafe import Markup

from grader.results.plain_text import visible

_HEADING = re.compile(r"h([1-6])")


def render_markdown(text: str) -> Markup:
    """Return Markdown as HTML: tags are text, links and images are shown as written, formulas keep their characters.

    Text that is nested too deeply to be rendered is shown as it is.
    """
    try:
        html = _renderer().render(visible(text))
    except (RecursionError, ValueError):
        return Markup("<pre>{}</pre>").format(visible(text))
    return Markup(visible(html))  # noqa: S704 - made of our own tags and escaped text, entities decoded to characters


def _renderer() -> MarkdownIt:
    markdown = MarkdownIt("commonmark", {"html": False, "maxNesting": 20}).enable(["table", "strikethrough"])
    # Without these rules a link is shown as it was written, and no definition disappears from the text.
    markdown.disable(["link", "autolink", "reference", "image"])
    markdown.inline.ruler.before("escape", "formula", _formula)
    markdown.core.ruler.push("below our own headings", _lower_headings)
    markdown.add_render_rule("fence", _fence)
    for kind in ("th_open", "td_open"):
        markdown.add_render_rule(kind, _cell)
    return markdown


def _formula(state: StateInline, silent: bool) -> bool:
    """Keep a formula between dollars as it was written: a backslash there is no escape, an underscore no emphasis."""
    if state.src[state.pos] != "$":
        return False
    mark = "$$" if state.src.startswith("$$", state.pos) else "$"
    end = state.src.find(mark, state.pos + len(mark))
    if end < 0:
        return False
    end += len(mark)
    if not silent:
        token = state.push("code_inline", "code", 0)
        token.content = state.src[state.pos : end]
    state.pos = end
    return True


def _lower_headings(state: object) -> None:
    for token in getattr(state, "tokens", ()):
        level = _HEADING.fullmatch(token.tag)
        if level:
            token.tag = f"h{min(int(level[1]) + 3, 6)}"


def _fence(_renderer: RendererHTML, tokens: list[Token], index: int, *_rest: object) -> str:
    """Return a block of code; what stands behind its first line's backticks is shown unless it names a language."""
    info, content = tokens[index].info.strip(), tokens[index].content
    shown = content if info.isalnum() or not info else f"{info}\n{content}"
    return Markup("<pre><code>{}</code></pre>\n").format(shown)


def _cell(renderer: RendererHTML, tokens: list[Token], index: int, *_rest: object) -> str:
    """Open a table cell without a style: the page's policy allows none."""
    return f"<{tokens[index].tag}>"
