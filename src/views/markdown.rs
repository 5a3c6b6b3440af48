//! Converts Markdown documents to HTML for the pages of the service.

use std::collections::BTreeSet;

use pulldown_cmark::html::push_html;
use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, LinkType, Options, Parser, Tag, TagEnd};

use super::problem_page::escaped;

/// A Markdown document as HTML.
pub struct Rendered {
    /// The text of the first heading, as HTML.
    pub title: String,
    pub html: String,
}

/// Converts a Markdown document to HTML without inline styles and scripts.
///
/// `address` maps the target of a link to an address. If it returns `None`, the link becomes text. HTML and images in the
/// document are left out.
pub fn render(markdown: &str, address: impl Fn(&str) -> Option<String>) -> Rendered {
    let events: Vec<_> = Parser::new_ext(markdown, Options::ENABLE_TABLES).collect();
    let heading = events.iter().position(|event| matches!(event, Event::Start(Tag::Heading { .. })));
    let title = heading.map(|index| text_of(&events[index..])).unwrap_or_default();
    let mut converter = Converter { address, ids: BTreeSet::new(), in_link: false, in_diagram: false, tables: 0 };
    let converted = events.iter().enumerate().filter_map(|(index, event)| converter.convert(event, &events[index..]));
    let mut html = String::new();
    push_html(&mut html, converted);
    Rendered { title: escaped(&title), html }
}

struct Converter<F> {
    address: F,
    /// The ids that the document already has.
    ids: BTreeSet<String>,
    in_link: bool,
    in_diagram: bool,
    tables: usize,
}

impl<F: Fn(&str) -> Option<String>> Converter<F> {
    /// Returns the event for the HTML. `rest` starts with the event.
    fn convert<'a>(&mut self, event: &Event<'a>, rest: &[Event<'a>]) -> Option<Event<'a>> {
        Some(match event {
            Event::Html(_) | Event::InlineHtml(_) | Event::Start(Tag::Image { .. }) | Event::End(TagEnd::Image) => {
                return None;
            }
            Event::Start(Tag::Heading { level, .. }) if *level != HeadingLevel::H1 => {
                let id = self.new_id(&text_of(rest)).map(Into::into);
                Event::Start(Tag::Heading { level: *level, id, classes: Vec::new(), attrs: Vec::new() })
            }
            Event::Start(Tag::Item) => match linked_name(rest).and_then(|name| self.new_id(name)) {
                Some(id) => Event::Html(format!("<li id=\"{id}\">").into()),
                None => Event::Start(Tag::Item),
            },
            Event::Start(Tag::Link { dest_url, .. }) => {
                let address = (self.address)(dest_url);
                self.in_link = address.is_some();
                let (dest_url, title, id) = (address?.into(), "".into(), "".into());
                Event::Start(Tag::Link { link_type: LinkType::Inline, dest_url, title, id })
            }
            Event::End(TagEnd::Link) if !self.in_link => return None,
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(language))) if **language == *"mermaid" => {
                self.in_diagram = true;
                Event::Html("<pre class=\"sequence\">".into())
            }
            Event::End(TagEnd::CodeBlock) if self.in_diagram => {
                self.in_diagram = false;
                Event::Html("</pre>\n".into())
            }
            // The alignments of columns would become inline styles.
            Event::Start(Tag::Table(_)) => Event::Html(self.table().into()),
            Event::End(TagEnd::Table) => Event::Html("</tbody></table></div>\n".into()),
            other => other.clone(),
        })
    }

    /// Returns the id for a text, unless another element has it.
    fn new_id(&mut self, text: &str) -> Option<String> {
        let id = slug(text);
        self.ids.insert(id.clone()).then_some(id)
    }

    /// Returns the start of a table. A wide table scrolls in its own box, which the keyboard must reach.
    fn table(&mut self) -> String {
        self.tables += 1;
        format!("<div class=\"table\" tabindex=\"0\" role=\"region\" aria-label=\"Table {}\"><table>", self.tables)
    }
}

/// Returns the text of the heading with which the events start.
fn text_of(events: &[Event<'_>]) -> String {
    let inside = events.iter().take_while(|event| !matches!(event, Event::End(TagEnd::Heading(_))));
    let texts = inside.filter_map(|event| match event {
        Event::Text(text) | Event::Code(text) => Some(&**text),
        _ => None,
    });
    texts.collect()
}

/// Returns the name of the document or the section to which the first link of a list item leads, if the item starts with
/// this link.
fn linked_name<'a>(item: &'a [Event<'_>]) -> Option<&'a str> {
    let mut inside = item[1..].iter().skip_while(|event| matches!(event, Event::Start(Tag::Paragraph)));
    let Some(Event::Start(Tag::Link { dest_url, .. })) = inside.next() else { return None };
    match dest_url.split_once('#') {
        Some((_, section)) => Some(section),
        None => dest_url.rsplit('/').next()?.strip_suffix(".md"),
    }
}

/// Converts a heading to an id, as GitHub does: `Check of explain` becomes `check-of-explain`.
fn slug(text: &str) -> String {
    let kept = text.chars().filter(|character| character.is_alphanumeric() || " -_".contains(*character));
    kept.flat_map(char::to_lowercase).map(|character| if character == ' ' { '-' } else { character }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn html(markdown: &str) -> String {
        let known = |target: &str| target.strip_suffix(".md").map(|name| format!("/docs/{name}"));
        render(markdown, known).html
    }

    #[test]
    fn only_links_with_an_address_stay_links() {
        assert_eq!(html("[a `b`](c.md) [d](https://e.example)"), "<p><a href=\"/docs/c\">a <code>b</code></a> d</p>\n");
        assert_eq!(html("[d](javascript:alert) ![e](f.png)"), "<p>d e</p>\n");
    }

    #[test]
    fn html_in_markdown_is_left_out() {
        let page = html("<script>a()</script>\n\nb <img src=x onerror=c> `<d>` & \"e\"\n\n<!-- f -->");
        assert_eq!(page.trim(), "<p>b  <code>&lt;d&gt;</code> &amp; \"e\"</p>");
    }

    #[test]
    fn headings_and_list_items_that_start_with_a_link_have_unique_ids() {
        assert_eq!(html("## Check of `a`"), "<h2 id=\"check-of-a\">Check of <code>a</code></h2>\n");
        let page = html("# T\n\n- [A](a_b.md): c\n- [B](c.md#d)\n- [A](a_b.md)\n- e [f](g.md)");
        assert!(page.starts_with("<h1>T</h1>"), "{page}");
        for (text, count) in [("<li id=\"a_b\">", 1), ("<li id=\"d\">", 1), ("<li>", 2)] {
            assert_eq!(page.matches(text).count(), count, "{text}: {page}");
        }
    }

    #[test]
    fn diagrams_and_tables_need_no_inline_style() {
        assert_eq!(html("```mermaid\nA->>B: <c>\n```"), "<pre class=\"sequence\">A-&gt;&gt;B: &lt;c&gt;\n</pre>\n");
        assert_eq!(html("```sh\nls\n```"), "<pre><code class=\"language-sh\">ls\n</code></pre>\n");
        let page = html("| a | b |\n|:--|--:|\n| c | d |");
        assert!(
            page.contains("aria-label=\"Table 1\"><table><thead><tr><th>a</th>") && !page.contains("style"),
            "{page}"
        );
        assert!(page.ends_with("<td>d</td></tr>\n</tbody></table></div>\n"), "{page}");
    }

    #[test]
    fn title_is_the_text_of_the_first_heading() {
        assert_eq!(render("# A `b` & c\n\n## d", |_| None).title, "A b &amp; c");
    }
}
