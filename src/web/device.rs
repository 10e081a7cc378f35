//! What somebody signed in with, in words people know: "Firefox on Windows".
//!
//! Read from the user agent, which browsers fill with each other's names and anybody may make up: good enough to recognise
//! one's own devices by, and for nothing else. An iPad that asks for desktop pages says it is a Mac, and is called one.

/// Browsers by the word that gives them away, those first that also carry the words of others.
const BROWSERS: [(&str, &str); 14] = [
    ("Edg/", "Edge"),
    ("EdgA/", "Edge"),
    ("EdgiOS/", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Vivaldi/", "Vivaldi"),
    ("FxiOS/", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("HeadlessChrome/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Chromium/", "Chromium"),
    ("Safari/", "Safari"),
    ("curl/", "curl"),
];

const SYSTEMS: [(&str, &str); 8] = [
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Macintosh", "Mac"),
    ("Mac OS X", "Mac"),
    ("Linux", "Linux"),
];

/// Browser and system; what cannot be told is left out.
pub fn words(user_agent: &str) -> String {
    let first = |table: &[(&str, &'static str)]| {
        table.iter().find(|(mark, _)| user_agent.contains(mark)).map(|(_, name)| *name)
    };
    match (first(&BROWSERS), first(&SYSTEMS)) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(browser), None) => browser.to_owned(),
        (None, Some(system)) => format!("A browser on {system}"),
        (None, None) => "A browser of unknown kind".to_owned(),
    }
}

/// Whether it fits into a pocket, for the picture beside it.
pub fn is_phone(user_agent: &str) -> bool {
    user_agent.contains("iPhone") || (user_agent.contains("Android") && user_agent.contains("Mobile"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_called_what_people_call_them() {
        let mozilla = |rest: &str| format!("Mozilla/5.0 ({rest}");
        let table = [
            (
                mozilla(
                    "Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
                ),
                "Chrome on Windows",
            ),
            (
                mozilla(
                    "Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36 Edg/131.0.0.0",
                ),
                "Edge on Windows",
            ),
            (
                mozilla(
                    "Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15",
                ),
                "Safari on Mac",
            ),
            (mozilla("X11; Ubuntu; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0"), "Firefox on Linux"),
            (
                mozilla(
                    "iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/131.0 Mobile/15E148 Safari/604.1",
                ),
                "Chrome on iPhone",
            ),
            (
                mozilla(
                    "iPad; CPU OS 17_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.7 Mobile/15E148 Safari/604.1",
                ),
                "Safari on iPad",
            ),
            (
                mozilla(
                    "Linux; Android 14; SM-S911B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/27.0 Chrome/125.0.0.0 Mobile Safari/537.36",
                ),
                "Samsung Internet on Android",
            ),
            (
                mozilla(
                    "X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
                ),
                "Chrome on ChromeOS",
            ),
            ("curl/8.5.0".to_owned(), "curl"),
            ("Something on Linux".to_owned(), "A browser on Linux"),
            (String::new(), "A browser of unknown kind"),
        ];
        for (agent, expected) in table {
            assert_eq!(words(&agent), expected, "{agent}");
        }
        assert!(is_phone("Mozilla/5.0 (Linux; Android 14) Chrome/125 Mobile Safari/537.36"));
        assert!(!is_phone("Mozilla/5.0 (Linux; Android 14; Tablet) Chrome/125 Safari/537.36"));
    }
}
