//! Diesel: one text for its three synchronous connections.

diesel::table! {
    users (id) {
        id -> Integer,
        name -> Text,
        hair_color -> Nullable<Text>,
    }
}

diesel::table! {
    posts (id) {
        id -> Integer,
        user_id -> Integer,
        title -> Text,
        body -> Nullable<Text>,
    }
}

diesel::table! {
    comments (id) {
        id -> Integer,
        post_id -> Integer,
        text -> Text,
    }
}

diesel::joinable!(posts -> users (user_id));
diesel::joinable!(comments -> posts (post_id));
diesel::allow_tables_to_appear_in_same_query!(users, posts, comments);

use diesel::prelude::*;

#[derive(Queryable, Selectable, Identifiable, Debug)]
#[diesel(table_name = users)]
pub struct User {
    pub id: i32,
    pub name: String,
    pub hair_color: Option<String>,
}

#[derive(Queryable, Selectable, Identifiable, Associations, Debug)]
#[diesel(table_name = posts, belongs_to(User))]
pub struct Post {
    pub id: i32,
    pub user_id: i32,
    pub title: String,
    pub body: Option<String>,
}

#[derive(Queryable, Selectable, Identifiable, Associations, Debug)]
#[diesel(table_name = comments, belongs_to(Post))]
pub struct Comment {
    pub id: i32,
    pub post_id: i32,
    pub text: String,
}

#[derive(Insertable)]
#[diesel(table_name = users)]
pub struct NewUser {
    pub name: String,
    pub hair_color: Option<String>,
}

impl From<crate::data::NewUser> for NewUser {
    fn from(user: crate::data::NewUser) -> Self {
        Self { name: user.name, hair_color: user.hair_color }
    }
}

/// Writes the contender for a connection.
macro_rules! peer {
    ($function:ident, $connection:ty) => {
        pub fn $function(url: &str, fill: &[String], work: crate::data::Work) -> crate::rounds::Contender {
            use diesel::connection::SimpleConnection;
            let mut connection = <$connection>::establish(url).expect("Diesel connects");
            for statement in fill {
                connection.batch_execute(statement).expect("a statement of the bench");
            }
            let name = "Diesel";
            match work {
                Work::Trivial => contender(name, move || {
                    let users: Vec<User> = users::table.select(User::as_select()).load(&mut connection).expect("users");
                    users.len()
                }),
                Work::Medium => contender(name, move || {
                    let query = users::table
                        .left_join(posts::table)
                        .filter(users::hair_color.eq("black"))
                        .select((User::as_select(), Option::<Post>::as_select()));
                    let rows: Vec<(User, Option<Post>)> = query.load(&mut connection).expect("rows");
                    rows.len()
                }),
                Work::Insert(size) => contender(name, move || {
                    let rows: Vec<NewUser> = data::fresh(size).map(NewUser::from).collect();
                    diesel::insert_into(users::table).values(&rows).execute(&mut connection).expect("an insert");
                    size
                }),
                Work::Associations => contender(name, move || {
                    let all: Vec<User> = users::table.select(User::as_select()).load(&mut connection).expect("users");
                    let posts: Vec<Post> =
                        Post::belonging_to(&all).select(Post::as_select()).load(&mut connection).expect("posts");
                    let comments: Vec<Comment> = Comment::belonging_to(&posts)
                        .select(Comment::as_select())
                        .load(&mut connection)
                        .expect("comments");
                    let comments = comments.grouped_by(&posts);
                    let posts: Vec<Vec<(Post, Vec<Comment>)>> = posts.into_iter().zip(comments).grouped_by(&all);
                    let tree: Vec<(User, Vec<(Post, Vec<Comment>)>)> = all.into_iter().zip(posts).collect();
                    tree.iter().flat_map(|(_, posts)| posts).map(|(_, comments)| comments.len()).sum()
                }),
                Work::Get(rows) => {
                    let mut key = 0;
                    contender(name, move || {
                        let id = data::next_key(&mut key, rows);
                        let _: User =
                            users::table.find(id).select(User::as_select()).first(&mut connection).expect("the user");
                        1
                    })
                }
            }
        }
    };
}

use crate::data::{self, Work};
use crate::rounds::contender;

peer!(sqlite, diesel::SqliteConnection);
peer!(postgres, diesel::PgConnection);
peer!(mysql, diesel::MysqlConnection);
