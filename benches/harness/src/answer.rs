//! What a contender read, as one number that is the same for everyone who read the same rows, in whatever order.

use std::fmt::{Arguments, Write};

/// A row, or rows, or a tree of rows.
pub trait Row {
    fn digest(&self) -> u64;

    /// What a row is called by its children.
    fn key(&self) -> u64 {
        0
    }
}

/// Returns the number for one row, by FNV-1a over its text; a script can do the same.
pub fn row(text: Arguments<'_>) -> u64 {
    struct Fnv(u64);
    impl Write for Fnv {
        fn write_str(&mut self, text: &str) -> std::fmt::Result {
            for byte in text.bytes() {
                self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
            }
            Ok(())
        }
    }
    let mut hash = Fnv(0xcbf2_9ce4_8422_2325);
    hash.write_fmt(text).expect("a hash takes every text");
    hash.0
}

/// Returns the number for a child under its parent.
pub fn under(parent: u64, child: u64) -> u64 {
    parent.wrapping_mul(0x0100_0000_01b3).wrapping_add(1).wrapping_mul(child | 1)
}

pub fn user(id: i64, name: &str, hair_color: Option<&str>) -> u64 {
    row(format_args!("user|{id}|{name}|{}", hair_color.unwrap_or("~")))
}

pub fn post(id: i64, user_id: i64, title: &str, body: Option<&str>) -> u64 {
    row(format_args!("post|{id}|{user_id}|{title}|{}", body.unwrap_or("~")))
}

pub fn comment(id: i64, post_id: i64, text: &str) -> u64 {
    row(format_args!("comment|{id}|{post_id}|{text}"))
}

pub fn tag(id: i64, name: &str) -> u64 {
    row(format_args!("tag|{id}|{name}"))
}

/// Tells how a library's own structs are rows.
#[macro_export]
macro_rules! rows_of {
    ($user:ty, $post:ty, $comment:ty, $tag:ty) => {
        impl $crate::Row for $user {
            fn digest(&self) -> u64 {
                $crate::answer::user(self.id.into(), &self.name, self.hair_color.as_deref())
            }
            fn key(&self) -> u64 {
                self.id as u64
            }
        }
        impl $crate::Row for $post {
            fn digest(&self) -> u64 {
                $crate::answer::post(self.id.into(), self.user_id.into(), &self.title, self.body.as_deref())
            }
            fn key(&self) -> u64 {
                self.id as u64
            }
        }
        impl $crate::Row for $comment {
            fn digest(&self) -> u64 {
                $crate::answer::comment(self.id.into(), self.post_id.into(), &self.text)
            }
        }
        impl $crate::Row for $tag {
            fn digest(&self) -> u64 {
                $crate::answer::tag(self.id.into(), &self.name)
            }
        }
    };
}

impl<T: Row> Row for Vec<T> {
    fn digest(&self) -> u64 {
        self.iter().fold(0, |sum, row| sum.wrapping_add(row.digest()))
    }
}

impl<T: Row> Row for Option<T> {
    fn digest(&self) -> u64 {
        self.as_ref().map_or(0, Row::digest)
    }
}

/// A row beside another.
impl<A: Row, B: Row> Row for (A, Option<B>) {
    fn digest(&self) -> u64 {
        self.0.digest().wrapping_add(self.1.digest())
    }
}

/// A row with its children: the number tells to whom they were given.
impl<A: Row, B: Row> Row for (A, Vec<B>) {
    fn digest(&self) -> u64 {
        let children = self.1.iter().map(|child| under(self.0.key(), child.digest()));
        children.fold(self.0.digest(), u64::wrapping_add)
    }

    fn key(&self) -> u64 {
        self.0.key()
    }
}

/// What has its number already.
impl Row for u64 {
    fn digest(&self) -> u64 {
        *self
    }
}

#[cfg(test)]
mod tests {
    use super::{Row, post, user};

    struct User(i64);

    impl Row for User {
        fn digest(&self) -> u64 {
            user(self.0, "ed", None)
        }
        fn key(&self) -> u64 {
            self.0 as u64
        }
    }

    struct Post(i64);

    impl Row for Post {
        fn digest(&self) -> u64 {
            post(self.0, 1, "title", None)
        }
    }

    #[test]
    fn the_order_of_rows_does_not_matter_and_every_row_does() {
        let both = vec![User(1), User(2)].digest();
        assert_eq!(both, vec![User(2), User(1)].digest());
        assert_ne!(both, vec![User(1), User(3)].digest());
        assert_ne!(both, vec![User(1), User(2), User(2)].digest());
    }

    #[test]
    fn it_matters_to_whom_a_child_was_given() {
        let right = vec![(User(1), vec![Post(1)]), (User(2), vec![Post(2)])].digest();
        let crossed = vec![(User(1), vec![Post(2)]), (User(2), vec![Post(1)])].digest();
        let at_one = vec![(User(1), vec![Post(1), Post(2)]), (User(2), vec![])].digest();
        assert_ne!(right, crossed);
        assert_ne!(right, at_one);
    }

    #[test]
    fn no_value_is_not_an_empty_text() {
        assert_ne!(user(1, "ed", None), user(1, "ed", Some("")));
    }
}
