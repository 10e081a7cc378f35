//! What moves in the browser. Each island is loaded by itself when a page has it; it takes plain values and does nothing
//! that the page could not do without it.

pub mod copy_text;
pub mod live;
pub mod request_form;

pub use copy_text::CopyText;
pub use live::Live;
pub use request_form::RequestForm;
