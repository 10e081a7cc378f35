//! Where a browser goes after signing in: a page of ours, or the dashboard.

/// Pages one may return to, as the first segment of the path.
const PAGES: [&str; 8] = ["dashboard", "requests", "people", "settings", "admin", "welcome", "practice", "my-schedule"];
/// Where to go when nothing (or nothing allowed) was asked for.
pub const DEFAULT: &str = "/dashboard";
/// Longest target, in bytes; a page address with its filters is far shorter.
const MAX: usize = 512;

/// A relative address of one of our pages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReturnTo(String);

impl ReturnTo {
    /// Takes an address over if it is plainly a page of ours, else [`DEFAULT`]. It never fails: a wrong target is ignored.
    ///
    /// Only letters, digits and `-_/` may stand in the path, and `=&.~,:%` besides in the query, so no trick of encodings,
    /// backslashes, white space or further hosts has anything to work with. A query that names another target is dropped.
    pub fn parse(text: &str) -> Self {
        Self::allowed(text).unwrap_or_else(|| Self(DEFAULT.to_owned()))
    }

    fn allowed(text: &str) -> Option<Self> {
        if text.len() > MAX {
            return None;
        }
        let (path, query) = text.split_once('?').map_or((text, ""), |(path, query)| (path, query));
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        let mut segments = path.strip_prefix('/')?.split('/');
        let page = segments.next()?;
        let rest_is_plain = segments.all(|segment| !segment.is_empty() && segment.chars().all(plain));
        if !(PAGES.contains(&page) && rest_is_plain) {
            return None;
        }
        if !query.chars().all(|c| plain(c) || "=&.~,:%+".contains(c)) || query.contains("%2") || query.contains("%5") {
            return None;
        }
        Some(Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for ReturnTo {
    fn default() -> Self {
        Self(DEFAULT.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_pages_are_kept() {
        for page in [
            "/dashboard",
            "/dashboard?status=open",
            "/requests",
            "/requests/new",
            "/requests/req_0193a3f2b5c67d8e9f00112233445566?week=2027-03-08&tz=Europe",
            "/people",
            "/settings/calendar",
        ] {
            assert_eq!(ReturnTo::parse(page).as_str(), page);
        }
    }

    #[test]
    fn tricks_lead_to_the_default_page() {
        let tricks = [
            "",
            " ",
            "evil",
            "//evil",
            "///evil",
            "////evil.example",
            "/\\evil",
            "\\/evil",
            "\\\\evil",
            "/\\/evil",
            "https:evil",
            "https://evil",
            "HTTPS://evil",
            "http:/evil",
            "https:/evil",
            "javascript:alert(1)",
            "data:text/html,x",
            "vbscript:x",
            "mailto:a@b.c",
            "ftp://evil",
            "file:///etc/passwd",
            "%09//evil",
            "\t//evil",
            "/\t/evil",
            "/%09/evil",
            "\n//evil",
            "/\n/evil",
            "/\r/evil",
            "\r\n//evil",
            "/%0a/evil",
            "/%0d%0aLocation:%20//evil",
            "/requests\r\nSet-Cookie: a=b",
            "/requests\0",
            "%2f%2fevil",
            "/%2fevil",
            "/%2Fevil",
            "/%5cevil",
            "/%5Cevil",
            "/%252fevil",
            "%2e%2e/evil",
            "/./evil",
            "/../evil",
            "/requests/../../evil",
            "/requests/..%2fevil",
            "/requests//evil",
            "/requests/.//evil",
            "/ok?next=//evil",
            "/?next=//evil",
            "/?next=https://evil",
            "/requests?next=%2f%2fevil",
            "/requests?u=%5c%5cevil",
            "/requests#//evil",
            "/@evil",
            "/requests@evil",
            "//evil@example.com",
            "/;@evil",
            "/requests;//evil",
            "\u{ff0f}\u{ff0f}evil",
            "/\u{ff0f}evil",
            "/\u{2215}evil",
            "\u{feff}//evil",
            " /requests",
            "/requests ",
            "/auth/google",
            "/signout",
            "/book/abc",
            "/api/v1/availability",
            "/requests?a=<script>",
            "/requests?a='\"",
            "/",
            "?next=/requests",
            "requests",
            "./requests",
        ];
        assert!(tricks.len() >= 60);
        for trick in tricks {
            assert_eq!(ReturnTo::parse(trick).as_str(), DEFAULT, "{trick:?}");
        }
        assert_eq!(ReturnTo::parse(&format!("/requests/{}", "a".repeat(600))).as_str(), DEFAULT);
    }
}
