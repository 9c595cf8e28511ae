//! The words before a statement that is to be explained.
