//! The files the build made for browsers: where they are and what they are called today.
//!
//! cargo-leptos writes them to the site root and puts a content hash into their names; `hash.txt` beside the binary says
//! which. Both are read once at start, not for every page.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use leptos::config::LeptosOptions;

/// The name the build gives its outputs.
const NAME: &str = "convene";
/// The folder of stylesheet, script and WASM inside the site root, and their path on the web.
pub const PKG: &str = "pkg";

/// The built site. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Site {
    root: Arc<Path>,
    hashed: bool,
    /// Paths on the web.
    pub stylesheet: Arc<str>,
    pub script: Arc<str>,
    pub wasm: Arc<str>,
}

impl Site {
    /// Looks for the site: `LEPTOS_SITE_ROOT`, else `site` beside the binary, else `target/site` here.
    pub fn find() -> Self {
        let beside = std::env::current_exe().ok().and_then(|binary| binary.parent().map(Path::to_owned));
        let candidates = [
            std::env::var_os("LEPTOS_SITE_ROOT").map(PathBuf::from),
            beside.as_ref().map(|folder| folder.join("site")).filter(|folder| folder.is_dir()),
        ];
        let root = candidates.into_iter().flatten().next().unwrap_or_else(|| PathBuf::from("target/site"));
        let hashes = [beside.map(|folder| folder.join("hash.txt")), Some(root.join("hash.txt"))]
            .into_iter()
            .flatten()
            .find_map(|file| std::fs::read_to_string(file).ok());
        Self::named(root, hashes.as_deref())
    }

    /// `hashes` holds lines such as `css: 3nXy…`; a build without hashing has none.
    pub fn named(root: impl Into<PathBuf>, hashes: Option<&str>) -> Self {
        let hash = |kind: &str| {
            let lines = hashes.unwrap_or_default().lines();
            lines
                .filter_map(|line| line.split_once(':'))
                .find(|(name, _)| name.trim() == kind)
                .map(|(_, hash)| hash.trim())
        };
        let path = |kind: &str, plain: &str| match hash(kind) {
            Some(hash) => format!("/{PKG}/{NAME}.{hash}.{kind}").into(),
            None => format!("/{PKG}/{plain}").into(),
        };
        Self {
            root: root.into().into(),
            hashed: hash("js").is_some(),
            stylesheet: path("css", "convene.css"),
            script: path("js", "convene.js"),
            wasm: path("wasm", "convene.wasm"),
        }
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Whether names change with content, so that a browser may keep the files for good.
    pub fn is_hashed(&self) -> bool {
        self.hashed
    }

    /// Whether the files that pages refer to are there. Pages work without them, but plainly.
    pub fn is_built(&self) -> bool {
        [&self.stylesheet, &self.script, &self.wasm].iter().all(|path| self.root.join(&path[1..]).is_file())
    }

    /// What Leptos wants to know; it looks nothing up with it, because names come from here.
    pub fn leptos_options(&self) -> LeptosOptions {
        LeptosOptions::builder()
            .output_name(NAME)
            .site_root(self.root.to_string_lossy().as_ref())
            .site_pkg_dir(PKG)
            .build()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_carry_the_hashes_of_the_build() {
        let site = Site::named("x", Some("css: abc\njs: d_f\nwasm: 123\nmanifest: m\n"));
        assert_eq!(&*site.stylesheet, "/pkg/convene.abc.css");
        assert_eq!(&*site.script, "/pkg/convene.d_f.js");
        assert_eq!(&*site.wasm, "/pkg/convene.123.wasm");
    }

    #[test]
    fn a_build_without_hashes_has_plain_names() {
        let site = Site::named("x", None);
        assert_eq!(&*site.script, "/pkg/convene.js");
        assert!(!site.is_built());
    }
}
