//! As much of HTML as it takes to read our own pages back.

use std::collections::HashMap;

/// A page's document.
pub struct Page<'a>(pub &'a str);

/// A start tag and what follows it.
#[derive(Debug)]
pub struct Tag<'a> {
    pub name: &'a str,
    attributes: HashMap<&'a str, String>,
    rest: &'a str,
}

impl<'a> Tag<'a> {
    pub fn get(&self, attribute: &str) -> Option<&str> {
        self.attributes.get(attribute).map(String::as_str)
    }

    /// Everything up to the end tag. For elements that hold none of their own kind.
    pub fn inside(&self) -> Page<'a> {
        let end = format!("</{}>", self.name);
        Page(self.rest.split(&end).next().unwrap_or_default())
    }

    /// The text up to the end tag.
    pub fn text(&self) -> String {
        self.inside().text()
    }
}

impl<'a> Page<'a> {
    pub fn tags(&self) -> Vec<Tag<'a>> {
        let mut tags = Vec::new();
        let mut rest = self.0;
        while let Some(at) = rest.find('<') {
            rest = &rest[at + 1..];
            if rest.starts_with(|first: char| first.is_ascii_alphabetic()) {
                let tag = tag(rest);
                rest = tag.rest;
                // What a script or style holds is no markup.
                if tag.name == "script" || tag.name == "style" {
                    rest = rest.find("</").map_or("", |end| &rest[end..]);
                }
                tags.push(tag);
            }
        }
        tags
    }

    /// The first element with this attribute.
    pub fn find(&self, attribute: &str, value: &str) -> Option<Tag<'a>> {
        self.tags().into_iter().find(|tag| tag.get(attribute) == Some(value))
    }

    /// The control a form sends under this name.
    pub fn control(&self, name: &str) -> Option<Tag<'a>> {
        let is_control = |tag: &Tag<'_>| ["input", "select", "textarea"].contains(&tag.name);
        self.tags().into_iter().find(|tag| is_control(tag) && tag.get("name") == Some(name))
    }

    /// What a form would send under this name if it were sent as it stands.
    pub fn values(&self, name: &str) -> Vec<String> {
        let value = |tag: &Tag<'_>| match tag.name {
            "input" if matches!(tag.get("type"), Some("radio" | "checkbox")) && tag.get("checked").is_none() => None,
            "input" => tag.get("value").map(str::to_owned),
            "textarea" => Some(unescaped(tag.inside().0)),
            "select" => {
                let options = tag.inside().tags();
                let chosen = options.iter().find(|option| option.get("selected").is_some());
                chosen.or(options.iter().find(|option| option.name == "option"))?.get("value").map(str::to_owned)
            }
            _ => None,
        };
        self.tags().iter().filter(|tag| tag.get("name") == Some(name)).filter_map(value).collect()
    }

    /// The stable code of the failure it tells of first.
    pub fn code(&self) -> Option<String> {
        let role = |tag: &Tag<'_>| tag.get("role") == Some("alert") || tag.get("class") == Some("error-page");
        let told = self.tags().into_iter().find(role)?;
        told.get("data-code").map(str::to_owned)
    }

    pub fn is_error_page(&self) -> bool {
        self.find("class", "error-page").is_some()
    }

    pub fn title(&self) -> &'a str {
        let title = self.tags().into_iter().find(|tag| tag.name == "title").expect("a page has a title");
        title.inside().0
    }

    /// What there is to read, markup left out.
    pub fn text(&self) -> String {
        let mut text = String::new();
        let mut rest = self.0;
        while let Some(at) = rest.find('<') {
            text.push_str(&rest[..at]);
            let inside = &rest[at + 1..];
            rest = if inside.starts_with(|first: char| first.is_ascii_alphabetic()) {
                let tag = tag(inside);
                match tag.name {
                    "script" | "style" => tag.rest.find("</").map_or("", |end| &tag.rest[end..]),
                    _ => tag.rest,
                }
            } else {
                let end = if inside.starts_with("!--") { "-->" } else { ">" };
                inside.find(end).map_or("", |at| &inside[at + end.len()..])
            };
        }
        text.push_str(rest);
        unescaped(&text)
    }
}

/// Reads a start tag from its name on.
fn tag(text: &str) -> Tag<'_> {
    let name_end = text.find(|c: char| c.is_whitespace() || c == '>' || c == '/').unwrap_or(text.len());
    let (name, mut rest) = text.split_at(name_end);
    let mut attributes = HashMap::new();
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
        if let Some(after) = rest.strip_prefix('>') {
            return Tag { name, attributes, rest: after };
        }
        let end = rest.find(|c: char| c.is_whitespace() || "=>".contains(c)).unwrap_or(rest.len());
        if end == rest.len() {
            return Tag { name, attributes, rest: "" };
        }
        let attribute = &rest[..end];
        rest = &rest[end..];
        let mut value = "";
        if let Some(after) = rest.strip_prefix("=\"") {
            let close = after.find('"').unwrap_or(after.len());
            value = &after[..close];
            rest = after.get(close + 1..).unwrap_or_default();
        } else if let Some(after) = rest.strip_prefix('=') {
            let close = after.find(|c: char| c.is_whitespace() || c == '>').unwrap_or(after.len());
            (value, rest) = after.split_at(close);
        }
        attributes.insert(attribute, unescaped(value));
    }
}

fn unescaped(text: &str) -> String {
    // Leptos marks where texts begin; a browser reads that as a comment.
    let text = text.replace("<!>", "").replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
    text.replace("&#x27;", "'").replace("&#39;", "'").replace("&amp;", "&")
}

#[test]
fn pages_are_read_as_they_were_written() {
    let page = Page(
        r#"<title>A &amp; B</title><script>if (a < b) "<p>"</script><div role="alert" data-code=x><p>No &lt;b&gt;<!> today</p></div>
           <input name="a" value="1 &quot;2&quot;" aria-invalid="true"><textarea name="n">x&lt;y</textarea>
           <select name="z"><option value="">–</option><option value="q" selected>Q</option></select>"#,
    );
    assert_eq!((page.title(), page.code().as_deref(), page.is_error_page()), ("A &amp; B", Some("x"), false));
    assert_eq!(page.find("role", "alert").unwrap().text(), "No <b> today");
    assert_eq!(page.control("a").unwrap().get("aria-invalid"), Some("true"));
    let values = ["a", "n", "z", "none"].map(|name| page.values(name));
    assert_eq!(values, [vec!["1 \"2\"".to_owned()], vec!["x<y".to_owned()], vec!["q".to_owned()], vec![]]);
}
