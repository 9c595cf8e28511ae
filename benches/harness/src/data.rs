//! The work that is compared, and its rows, the same for everyone.

/// Sizes of the queries.
pub const SIZES: [usize; 5] = [1, 10, 100, 1_000, 10_000];
/// Sizes of the inserts.
pub const INSERTS: [usize; 5] = [1, 10, 25, 50, 100];
/// Posts of a user, and comments of a post.
pub const EACH: usize = 10;
/// Posts of a user and comments of a post in the aggregates that are inserted.
pub const OF_GRAPH: usize = 3;
/// Objects that are changed among all that were read.
pub const DIRTY: usize = 10;
/// Tags of a post, out of so many.
pub const TAGS_EACH: usize = 5;
pub const TAGS: usize = 100;
/// Tasks, what each of them gets, and the connections that they share.
pub const TASKS: usize = 16;
pub const GETS: usize = 25;
pub const CONNECTIONS: usize = 4;
/// Rows that are read ahead where a library wants a number.
pub const CHUNK: usize = 1_000;

/// A database for the bench.
#[derive(Clone)]
pub struct Place {
    pub kind: Kind,
    /// The URL of a server, or the path of a file.
    pub url: String,
    /// What the contender itself must run first: all rows, where each has a database of its own.
    pub fill: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// A literal in-memory database of SQLite for each contender.
    Memory,
    /// One file of SQLite for all.
    File,
    Postgres,
    Mysql,
}

impl Kind {
    pub fn of(word: &str) -> Option<Self> {
        [Self::Memory, Self::File, Self::Postgres, Self::Mysql].into_iter().find(|kind| kind.word() == word)
    }

    pub fn word(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::File => "file",
            Self::Postgres => "postgres",
            Self::Mysql => "mysql",
        }
    }
}

/// What every connection to the file runs, so that all have the same settings.
pub const FILE_SETTINGS: [&str; 3] =
    ["PRAGMA busy_timeout = 5000", "PRAGMA journal_mode = WAL", "PRAGMA synchronous = NORMAL"];

/// A user to be inserted.
#[derive(Clone)]
pub struct NewUser {
    pub name: String,
    pub hair_color: Option<String>,
}

/// The work of one comparison; a number is its size.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Work {
    /// All users, no parameter.
    Trivial(usize),
    /// Users of one colour with their posts, of which there are none, by an outer join.
    Medium(usize),
    /// So many new users by one statement, or by what the library has for it.
    Insert(usize),
    /// Users, their posts, and the posts' comments, as a tree.
    Associations(usize),
    /// One user by key, another one each time.
    Get(usize),
    /// So many new users with three posts that have three comments each, in one transaction.
    Graph(usize),
    /// Ten of so many users that were read are changed and written in one transaction.
    Flush(usize),
    /// So many posts with their five tags.
    ManyToMany(usize),
    /// One of so many users is deleted with its posts and their comments, in a transaction that is rolled back.
    Cascade(usize),
    /// Sixteen tasks get 25 users by key each, over four connections.
    Tasks(usize),
    /// So many rows, one after another.
    Stream(usize),
}

impl Work {
    pub fn of(word: &str, size: usize) -> Option<Self> {
        let all: [fn(usize) -> Self; 11] = [
            Self::Trivial,
            Self::Medium,
            Self::Insert,
            Self::Associations,
            Self::Get,
            Self::Graph,
            Self::Flush,
            Self::ManyToMany,
            Self::Cascade,
            Self::Tasks,
            Self::Stream,
        ];
        all.into_iter().map(|work| work(size)).find(|work| work.word() == word)
    }

    pub fn word(self) -> &'static str {
        match self {
            Self::Trivial(_) => "trivial",
            Self::Medium(_) => "medium",
            Self::Insert(_) => "insert",
            Self::Associations(_) => "associations",
            Self::Get(_) => "get",
            Self::Graph(_) => "graph",
            Self::Flush(_) => "flush",
            Self::ManyToMany(_) => "many_to_many",
            Self::Cascade(_) => "cascade",
            Self::Tasks(_) => "tasks",
            Self::Stream(_) => "stream",
        }
    }

    pub fn size(self) -> usize {
        match self {
            Self::Trivial(size)
            | Self::Medium(size)
            | Self::Insert(size)
            | Self::Associations(size)
            | Self::Get(size)
            | Self::Graph(size)
            | Self::Flush(size)
            | Self::ManyToMany(size)
            | Self::Cascade(size)
            | Self::Tasks(size)
            | Self::Stream(size) => size,
        }
    }

    /// Returns the statements that make the rows that must be there before.
    pub fn fill(self) -> Vec<String> {
        match self {
            Self::Trivial(size) | Self::Stream(size) => inserts(&plain(size)),
            Self::Medium(size) | Self::Get(size) | Self::Flush(size) | Self::Tasks(size) => inserts(&coloured(size)),
            Self::Insert(_) | Self::Graph(_) => Vec::new(),
            Self::Associations(size) | Self::Cascade(size) => associations(size),
            Self::ManyToMany(size) => tagged(size),
        }
    }

    /// Whether foreign keys have indexes; the suite of the Diesel project has none on SQLite.
    pub fn has_indexes(self) -> bool {
        !matches!(self, Self::Trivial(_) | Self::Medium(_) | Self::Insert(_) | Self::Associations(_) | Self::Get(_))
    }

    /// Returns the query that counts what work of this kind writes; `name` tells whose rows are meant.
    pub fn audit(self, name: &str) -> String {
        match self {
            Self::Insert(_) => "SELECT COUNT(*) FROM users".into(),
            Self::Flush(_) => format!("SELECT COUNT(*) FROM users WHERE hair_color = '{}'", colour(name, 1)),
            Self::Graph(_) => {
                "SELECT COUNT(*) FROM users u JOIN posts p ON p.user_id = u.id JOIN comments c ON c.post_id = p.id \
                               WHERE REPLACE(p.title, u.name, '') <> p.title AND REPLACE(c.text, p.title, '') <> c.text"
                    .into()
            }
            _ => "SELECT (SELECT COUNT(*) FROM users) + (SELECT COUNT(*) FROM posts) + (SELECT COUNT(*) FROM comments)"
                .into(),
        }
    }
}

/// Returns the colour that a contender gives to users in its n-th run.
pub fn colour(name: &str, run: u64) -> String {
    format!("{name} {run}")
}

/// Users without a colour, for the trivial query.
fn plain(size: usize) -> Vec<NewUser> {
    (0..size).map(|i| NewUser { name: format!("User {i}"), hair_color: None }).collect()
}

/// Users half of whom are black-haired, for the medium query.
fn coloured(size: usize) -> Vec<NewUser> {
    let colour = |i: usize| if i.is_multiple_of(2) { "black" } else { "brown" };
    (0..size).map(|i| NewUser { name: format!("User {i}"), hair_color: Some(colour(i).into()) }).collect()
}

/// Users as the insert workload makes them, anew in each iteration.
pub fn fresh(size: usize) -> impl ExactSizeIterator<Item = NewUser> {
    (0..size).map(|i| NewUser { name: format!("User {i}"), hair_color: Some("hair_color".into()) })
}

/// Titles of the posts of a new user.
pub fn titles(user: &str) -> impl ExactSizeIterator<Item = String> {
    (0..OF_GRAPH).map(move |p| format!("Post {p} by {user}"))
}

/// Texts of the comments on a new post.
pub fn texts(title: &str) -> impl ExactSizeIterator<Item = String> {
    (0..OF_GRAPH).map(move |c| format!("Comment {c} on {title}"))
}

/// The statements that fill the three tables for the associations; keys count from one.
fn associations(users: usize) -> Vec<String> {
    let mut statements = vec![values("users", (1..=users).map(|u| format!("({u}, 'User {u}', 'black')")))];
    for u in 1..=users {
        let posts = (1..=EACH).map(|p| (p, (u - 1) * EACH + p));
        statements
            .push(values("posts", posts.clone().map(|(p, id)| format!("({id}, {u}, 'Post {p} by user {u}', NULL)"))));
        let comments = posts.flat_map(|(_, id)| (1..=EACH).map(move |c| (c, id)));
        statements.push(values(
            "comments",
            comments.map(|(c, id)| format!("({}, {id}, 'Comment {c} on post {id}')", (id - 1) * EACH + c)),
        ));
    }
    statements
}

/// Posts of one user, tags, and which post has which.
fn tagged(posts: usize) -> Vec<String> {
    let mut statements = vec![
        values("users", [("(1, 'User 1', 'black')".to_owned())].into_iter()),
        values("tags", (1..=TAGS).map(|tag| format!("({tag}, 'Tag {tag}')"))),
    ];
    let ids: Vec<usize> = (1..=posts).collect();
    for ids in ids.chunks(1000) {
        statements.push(values("posts", ids.iter().map(|id| format!("({id}, 1, 'Post {id}', NULL)"))));
        let tags = |id: usize| (0..TAGS_EACH).map(move |t| (id * 7 + t * 13) % TAGS + 1);
        let links = ids.iter().flat_map(|&id| tags(id).map(move |tag| format!("({id}, {tag})")));
        statements.push(values("post_tags", links));
    }
    statements
}

fn values(table: &str, rows: impl Iterator<Item = String>) -> String {
    format!("INSERT INTO {table} VALUES {}", rows.collect::<Vec<_>>().join(", "))
}

/// Statements that insert the users, a thousand in each.
fn inserts(users: &[NewUser]) -> Vec<String> {
    let row = |(user, id): (&NewUser, usize)| {
        let colour = user.hair_color.as_ref().map_or("NULL".into(), |colour| format!("'{colour}'"));
        format!("({id}, '{}', {colour})", user.name)
    };
    let rows: Vec<String> = users.iter().zip(1..).map(row).collect();
    rows.chunks(1000).map(|rows| values("users", rows.iter().cloned())).collect()
}

/// The next of the keys from 1 to `rows`, in a mixed order.
pub fn next_key(key: &mut i32, rows: usize) -> i32 {
    *key = (*key + 7919) % rows as i32;
    *key + 1
}

/// The keys that one of the tasks gets.
pub fn keys_of_task(task: usize, rows: usize) -> impl Iterator<Item = i32> + Send {
    (0..GETS).map(move |i| ((task * GETS + i) * 7919 % rows) as i32 + 1)
}
