//! The rows of the Diesel project's suite, the same for everyone.

/// Sizes of the queries.
pub const SIZES: [usize; 5] = [1, 10, 100, 1_000, 10_000];
/// Sizes of the inserts.
pub const INSERTS: [usize; 5] = [1, 10, 25, 50, 100];
/// Posts of a user, and comments of a post.
pub const EACH: usize = 10;

/// A user to be inserted.
#[derive(Clone)]
pub struct NewUser {
    pub name: String,
    pub hair_color: Option<String>,
}

/// Users without a colour, for the trivial query.
pub fn plain(size: usize) -> Vec<NewUser> {
    (0..size).map(|i| NewUser { name: format!("User {i}"), hair_color: None }).collect()
}

/// Users half of whom are black-haired, for the medium query.
pub fn coloured(size: usize) -> Vec<NewUser> {
    let colour = |i: usize| if i.is_multiple_of(2) { "black" } else { "brown" };
    (0..size).map(|i| NewUser { name: format!("User {i}"), hair_color: Some(colour(i).into()) }).collect()
}

/// Users as the insert workload makes them, anew in each iteration.
pub fn fresh(size: usize) -> impl ExactSizeIterator<Item = NewUser> {
    (0..size).map(|i| NewUser { name: format!("User {i}"), hair_color: Some("hair_color".into()) })
}

/// The statements that fill the three tables for the associations; keys count from one.
pub fn associations(users: usize) -> Vec<String> {
    let mut statements = Vec::new();
    let rows = |table: &str, rows: Vec<String>| format!("INSERT INTO {table} VALUES {}", rows.join(", "));
    statements.push(rows("users", (1..=users).map(|u| format!("({u}, 'User {u}', 'black')")).collect()));
    for u in 1..=users {
        let posts = (1..=EACH).map(|p| (p, (u - 1) * EACH + p));
        statements.push(rows(
            "posts",
            posts.clone().map(|(p, id)| format!("({id}, {u}, 'Post {p} by user {u}', NULL)")).collect(),
        ));
        let comments = posts.flat_map(|(_, id)| (1..=EACH).map(move |c| (c, id)));
        statements.push(rows(
            "comments",
            comments.map(|(c, id)| format!("({}, {id}, 'Comment {c} on post {id}')", (id - 1) * EACH + c)).collect(),
        ));
    }
    statements
}

/// Statements that insert the users, a thousand in each.
pub fn inserts(users: &[NewUser]) -> Vec<String> {
    let row = |(user, id): (&NewUser, usize)| {
        let colour = user.hair_color.as_ref().map_or("NULL".into(), |colour| format!("'{colour}'"));
        format!("({id}, '{}', {colour})", user.name)
    };
    let rows: Vec<String> = users.iter().zip(1..).map(row).collect();
    rows.chunks(1000)
        .map(|rows| format!("INSERT INTO users (id, name, hair_color) VALUES {}", rows.join(", ")))
        .collect()
}

/// The work of one comparison.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Work {
    /// All users, no parameter.
    Trivial,
    /// Users of one colour with their posts, of which there are none, by an outer join.
    Medium,
    /// So many new users by one statement, or by what the library has for it.
    Insert(usize),
    /// Users, their posts, and the posts' comments, as a tree.
    Associations,
    /// One user by key, another one each time.
    Get(i32),
}

impl Work {
    /// The rows that must be there before.
    pub fn fill(self, size: usize) -> Vec<String> {
        match self {
            Self::Trivial => inserts(&plain(size)),
            Self::Medium => inserts(&coloured(size)),
            Self::Insert(_) => Vec::new(),
            Self::Associations => associations(size),
            Self::Get(rows) => inserts(&coloured(rows as usize)),
        }
    }
}

/// The next of the keys from 1 to `rows`, in a mixed order.
pub fn next_key(key: &mut i32, rows: i32) -> i32 {
    *key = (*key + 7919) % rows;
    *key + 1
}
