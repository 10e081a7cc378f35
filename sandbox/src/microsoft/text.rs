//! Bodies: between the HTML Outlook keeps and the plain text everybody else reads.

/// The text of an HTML body, for previews, mails and other providers.
pub fn plain(html: &str) -> String {
    let mut plain = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        plain.push_str(&rest[..start]);
        let tag = &rest[start + 1..];
        let Some(end) = tag.find('>') else {
            rest = "";
            break;
        };
        let name: String = tag.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '/').collect();
        rest = &tag[end + 1..];
        match name.to_ascii_lowercase().as_str() {
            "br" | "br/" | "/p" | "/div" | "/li" | "/tr" | "/h1" | "/h2" | "/h3" => plain.push('\n'),
            // What stands between these is not text.
            hidden @ ("head" | "style" | "script" | "title") => {
                let close = format!("</{hidden}");
                let end = rest.to_ascii_lowercase().find(&close);
                rest = end.map_or("", |end| &rest[end..]);
            }
            _ => {}
        }
    }
    plain.push_str(rest);
    // The ampersand last, so that "&amp;lt;" stays "&lt;".
    let entities = [("&nbsp;", " "), ("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")];
    let plain = entities.iter().fold(plain, |text, (entity, character)| text.replace(entity, character));
    plain.trim().to_owned()
}

/// Plain text as HTML.
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('\n', "<br>\n")
}

/// A whole document, as Exchange hands bodies out whatever fragment it was given.
pub fn document(html: &str) -> String {
    let lower = html.to_ascii_lowercase();
    if lower.contains("<html") {
        return html.to_owned();
    }
    format!(
        "<html>\r\n<head>\r\n<meta http-equiv=\"Content-Type\" content=\"text/html; charset=utf-8\">\r\n</head>\r\n\
         <body>\r\n{html}\r\n</body>\r\n</html>\r\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_go_and_text_stays() {
        let html = "<html><head><style>p{}</style></head><body><p>Join: <a href=\"x\">here</a></p>a &lt; b &amp;amp; c</body></html>";
        assert_eq!(plain(html), "Join: here\na < b &amp; c");
        assert_eq!(plain("no tags, <unclosed"), "no tags,");
    }

    #[test]
    fn a_fragment_becomes_a_document_once() {
        let document_once = document("<p>x</p>");
        assert!(document_once.contains("<body>"));
        assert_eq!(document(&document_once), document_once);
    }
}
