//! What the programs that measure share: the work and its rows, the clocks, and the words in which one program asks another.
//!
//! A *contender* is one library's way to do one piece of work. It lives in the program that measures, or in a program of its own
//! that [`serve`] speaks for; the one who measures sees no difference.

pub mod answer;
pub mod clock;
pub mod contender;
pub mod data;
pub mod serve;

pub use answer::Row;
pub use clock::Spent;
pub use contender::{Contender, reading, reading_in, writing, writing_in};
pub use data::{Kind, Place, Work};
