//! Scope names: short on the way in, as Microsoft spells them on the way out.

use super::GRAPH;
use crate::oauth::consent::ScopeLine;

/// Graph permissions this sandbox knows, and what each allows, for a person.
const PERMISSIONS: &[(&str, &str)] = &[
    ("User.Read", "Sign you in and read your profile"),
    ("Calendars.ReadBasic", "Read basic details of events in your calendars"),
    ("Calendars.Read", "Read your calendars"),
    ("Calendars.ReadWrite", "Have full access to your calendars"),
    ("Calendars.Read.Shared", "Read calendars you can access"),
    ("Calendars.ReadWrite.Shared", "Read and write to calendars you can access"),
    ("MailboxSettings.Read", "Read your mailbox settings"),
    ("MailboxSettings.ReadWrite", "Read and write your mailbox settings"),
];

const SIGN_IN: &[(&str, &str)] = &[
    ("openid", "Sign you in"),
    ("profile", "View your basic profile"),
    ("email", "View your email address"),
    ("offline_access", "Maintain access to data you have given it access to"),
];

/// The scopes of a request in Microsoft's spelling, in order and without repetition.
///
/// # Errors
/// The first word that is no scope of sign-in or of Graph.
pub fn read(text: &str) -> Result<Vec<String>, String> {
    let mut scopes = Vec::new();
    for word in text.split_whitespace() {
        let scope = spelled(word).ok_or_else(|| word.to_owned())?;
        if !scopes.contains(&scope) {
            scopes.push(scope);
        }
    }
    Ok(scopes)
}

fn spelled(word: &str) -> Option<String> {
    if let Some((name, _)) = SIGN_IN.iter().find(|(name, _)| *name == word) {
        return Some((*name).to_owned());
    }
    let short = match word.get(..GRAPH.len()) {
        Some(start) if start.eq_ignore_ascii_case(GRAPH) => &word[GRAPH.len()..],
        _ => word,
    };
    let known = PERMISSIONS.iter().find(|(name, _)| name.eq_ignore_ascii_case(short));
    known.map(|(name, _)| format!("{GRAPH}{name}"))
}

/// What a token answer says was granted: `offline_access` is never repeated.
pub fn written(scopes: &[String]) -> String {
    scopes.iter().filter(|scope| *scope != "offline_access").map(String::as_str).collect::<Vec<_>>().join(" ")
}

/// How the consent page shows a scope. Sign-in scopes have no box.
pub fn line(scope: &str) -> ScopeLine {
    let short = scope.strip_prefix(GRAPH).unwrap_or(scope);
    let known = SIGN_IN.iter().chain(PERMISSIONS).find(|(name, _)| *name == short);
    let label = known.map_or(short, |(_, label)| *label).to_owned();
    ScopeLine { label, always: SIGN_IN.iter().any(|(name, _)| *name == short) || short == "User.Read" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_and_full_names_are_the_same_scope() {
        let scopes =
            read("openid offline_access calendars.readwrite https://graph.microsoft.com/Calendars.ReadWrite").unwrap();
        assert_eq!(written(&scopes), "openid https://graph.microsoft.com/Calendars.ReadWrite");
        assert_eq!(read("openid Mail.Bogus"), Err("Mail.Bogus".to_owned()));
        assert!(line("openid").always && !line(&format!("{GRAPH}Calendars.Read")).always);
    }
}
