//! Values written into the text.
