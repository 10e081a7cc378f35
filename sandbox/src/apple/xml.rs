//! WebDAV bodies: read into a tree with resolved namespaces, written in Apple's style or in an unusual one.

use quick_xml::events::{BytesStart, Event};
use quick_xml::name::ResolveResult;
use quick_xml::{NsReader, XmlVersion};

/// WebDAV (RFC 4918).
pub const DAV: &str = "DAV:";
/// CalDAV (RFC 4791).
pub const CALDAV: &str = "urn:ietf:params:xml:ns:caldav";
/// CalendarServer's extensions.
pub const SERVER: &str = "http://calendarserver.org/ns/";
/// Apple's own.
pub const ICAL: &str = "http://apple.com/ns/ical/";

/// An element; its name is compared by namespace and local name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Element {
    pub ns: String,
    pub name: String,
    /// Without namespaces: the bodies read here have none on attributes.
    pub attributes: Vec<(String, String)>,
    pub children: Vec<Element>,
    /// All text directly within, as one.
    pub text: String,
}

/// Why a body is not read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum XmlError {
    #[error("the body is not well-formed XML: {0}")]
    Malformed(String),
    #[error("the body has a document type declaration")]
    DocType,
}

impl Element {
    /// One without content.
    pub fn new(ns: &str, name: &str) -> Self {
        Self { ns: ns.into(), name: name.into(), attributes: Vec::new(), children: Vec::new(), text: String::new() }
    }

    /// One with text.
    pub fn text(ns: &str, name: &str, text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::new(ns, name) }
    }

    /// One with elements in it.
    pub fn with(ns: &str, name: &str, children: Vec<Element>) -> Self {
        Self { children, ..Self::new(ns, name) }
    }

    /// Whether it is this one.
    pub fn is(&self, ns: &str, name: &str) -> bool {
        self.ns == ns && self.name == name
    }

    /// The first child of this name.
    pub fn child(&self, ns: &str, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.is(ns, name))
    }

    /// Every child of this name.
    pub fn all<'a>(&'a self, ns: &'a str, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |child| child.is(ns, name))
    }

    /// An attribute's value.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Reads a whole document.
    ///
    /// # Errors
    /// For anything malformed, and for a DTD, which nobody needs here.
    pub fn parse(text: &str) -> Result<Self, XmlError> {
        let wrong = |error: &dyn std::fmt::Display| XmlError::Malformed(error.to_string());
        let mut reader = NsReader::from_str(text);
        let mut open: Vec<Self> = Vec::new();
        let mut root = None;
        loop {
            let (ns, event) = reader.read_resolved_event().map_err(|error| wrong(&error))?;
            match event {
                Event::Start(tag) => open.push(opened(&ns, &tag)?),
                Event::Empty(tag) => close(opened(&ns, &tag)?, &mut open, &mut root),
                Event::End(_) => {
                    let closed = open.pop().ok_or_else(|| wrong(&"an end without a start"))?;
                    close(closed, &mut open, &mut root);
                }
                Event::Text(text) => add(&mut open, &text),
                Event::CData(text) => add(&mut open, &text),
                Event::GeneralRef(reference) => {
                    let character = reference.resolve_char_ref().map_err(|error| wrong(&error))?;
                    let text = match character {
                        Some(character) => character.to_string(),
                        None => quick_xml::escape::resolve_predefined_entity(&reference)
                            .ok_or_else(|| wrong(&"an unknown entity"))?
                            .to_owned(),
                    };
                    add(&mut open, &text);
                }
                Event::DocType(_) => return Err(XmlError::DocType),
                Event::Eof if open.is_empty() => break,
                Event::Eof => return Err(wrong(&"it ends within an element")),
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            }
        }
        root.ok_or_else(|| wrong(&"there is no element"))
    }
}

fn opened(ns: &ResolveResult, tag: &BytesStart) -> Result<Element, XmlError> {
    let wrong = |error: &dyn std::fmt::Display| XmlError::Malformed(error.to_string());
    let ns = match ns {
        ResolveResult::Bound(ns) => ns.as_ref().to_owned(),
        ResolveResult::Unbound => String::new(),
        ResolveResult::Unknown(prefix) => return Err(wrong(&format!("the prefix {prefix:?} is not declared"))),
    };
    let mut element = Element::new(&ns, tag.local_name().as_ref());
    for attribute in tag.attributes() {
        let attribute = attribute.map_err(|error| wrong(&error))?;
        if attribute.key.as_namespace_binding().is_some() {
            continue;
        }
        let value = attribute.normalized_value(XmlVersion::Implicit1_0).map_err(|error| wrong(&error))?.into_owned();
        element.attributes.push((attribute.key.local_name().as_ref().to_owned(), value));
    }
    Ok(element)
}

fn close(closed: Element, open: &mut [Element], root: &mut Option<Element>) {
    match open.last_mut() {
        Some(parent) => parent.children.push(closed),
        None => *root = Some(closed),
    }
}

fn add(open: &mut [Element], text: &str) {
    if let Some(element) = open.last_mut() {
        element.text.push_str(text);
    }
}

/// How a document is written.
#[derive(Clone, Copy, Debug, Default)]
pub struct Style {
    /// Every namespace has an unusual prefix, declared at the root; otherwise each change of namespace is a new default.
    pub prefixes: bool,
    /// Calendar data stands in CDATA sections.
    pub cdata: bool,
    /// A document type with an entity stands at the head, and the entity in the first text.
    pub dtd: bool,
}

/// The document as text.
pub fn write(root: &Element, style: Style) -> String {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    if style.dtd {
        out.push_str(&format!("<!DOCTYPE {} [<!ENTITY where \"elsewhere\">]>\n", root.name));
    }
    let mut namespaces = Vec::new();
    if style.prefixes {
        collect(root, &mut namespaces);
    }
    write_element(root, style, &namespaces, None, &mut out);
    out
}

fn collect(element: &Element, namespaces: &mut Vec<String>) {
    if !namespaces.contains(&element.ns) {
        namespaces.push(element.ns.clone());
    }
    for child in &element.children {
        collect(child, namespaces);
    }
}

fn write_element(element: &Element, style: Style, namespaces: &[String], around: Option<&str>, out: &mut String) {
    let prefix = namespaces.iter().position(|ns| *ns == element.ns);
    let name = match prefix {
        Some(number) => format!("zz{number}:{}", element.name),
        None => element.name.clone(),
    };
    out.push_str(&format!("<{name}"));
    if prefix.is_some() && around.is_none() {
        for (number, ns) in namespaces.iter().enumerate() {
            out.push_str(&format!(" xmlns:zz{number}=\"{}\"", escape(ns)));
        }
    } else if prefix.is_none() && around != Some(&element.ns) {
        out.push_str(&format!(" xmlns=\"{}\"", escape(&element.ns)));
    }
    for (name, value) in &element.attributes {
        out.push_str(&format!(" {name}=\"{}\"", escape(value)));
    }
    if element.children.is_empty() && element.text.is_empty() {
        out.push_str("/>");
        return;
    }
    out.push('>');
    let data = element.is(CALDAV, "calendar-data");
    if style.cdata && data {
        out.push_str(&format!("<![CDATA[{}]]>", element.text.replace("]]>", "]]]]><![CDATA[>")));
    } else {
        out.push_str(&escape(&element.text));
    }
    if style.dtd && element.is(DAV, "displayname") {
        out.push_str("&where;");
    }
    for child in &element.children {
        write_element(child, style, namespaces, Some(&element.ns), out);
    }
    out.push_str(&format!("</{name}>"));
}

/// Text and attribute values; a carriage return is written as a reference, or a reader would drop it (XML 1.0, section 2.11).
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\r' => escaped.push_str("&#13;"),
            character if character.is_control() && !matches!(character, '\n' | '\t') => {}
            character => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_by_namespace_whatever_the_prefix() {
        let texts = [
            r#"<propfind xmlns="DAV:"><prop><displayname/></prop></propfind>"#,
            r#"<?xml version="1.0"?><x:propfind xmlns:x="DAV:"> <x:prop><y:displayname xmlns:y="DAV:"></y:displayname></x:prop></x:propfind>"#,
        ];
        for text in texts {
            let root = Element::parse(text).expect("well-formed");
            assert!(root.is(DAV, "propfind"));
            assert!(root.child(DAV, "prop").and_then(|prop| prop.child(DAV, "displayname")).is_some(), "{text}");
        }
        let root =
            Element::parse(r#"<a xmlns="DAV:" b="1 &amp; 2">x &lt;&#65;<![CDATA[&]]></a>"#).expect("well-formed");
        assert_eq!((root.text.as_str(), root.attribute("b")), ("x <A&", Some("1 & 2")));
    }

    #[test]
    fn what_is_not_xml_is_refused() {
        for text in ["", "plain", "<a", "<a><b></a>", "<a>", "<x:a/>", "<a>&unknown;</a>"] {
            assert!(matches!(Element::parse(text), Err(XmlError::Malformed(_))), "{text}");
        }
        assert_eq!(Element::parse("<!DOCTYPE a [<!ENTITY e \"x\">]><a>&e;</a>"), Err(XmlError::DocType));
    }

    #[test]
    fn every_style_says_the_same() {
        let data = Element::text(CALDAV, "calendar-data", "A:<\"1\"> & ]]>\r\n");
        let root = Element::with(DAV, "multistatus", vec![Element::with(DAV, "prop", vec![data])]);
        for style in [Style::default(), Style { prefixes: true, cdata: true, dtd: false }] {
            let text = write(&root, style);
            let read = Element::parse(&text).expect("well-formed");
            // Line ends within CDATA are normalised by readers.
            let flat = |element: &Element| format!("{element:?}").replace("\\r", "");
            assert_eq!(flat(&read), flat(&root), "{text}");
        }
    }
}
