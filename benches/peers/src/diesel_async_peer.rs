//! diesel-async on PostgreSQL, on a runtime of one thread. Its queries have the names of Diesel's, so the traits are imported apart.

use diesel::{BelongingToDsl, ExpressionMethods, GroupedBy, QueryDsl, SelectableHelper};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};

use crate::data::{self, Work};
use crate::diesel_peer::{Comment, NewUser, Post, User, posts, users};
use crate::rounds::contender;

/// Connects and makes the contender.
pub fn postgres(url: &str, work: Work) -> crate::rounds::Contender {
    let runtime = crate::ours::runtime();
    let mut connection = runtime.block_on(AsyncPgConnection::establish(url)).expect("diesel-async connects");
    let name = "diesel-async";
    match work {
        Work::Trivial => contender(name, move || {
            runtime.block_on(async {
                let users: Vec<User> =
                    users::table.select(User::as_select()).load(&mut connection).await.expect("users");
                users.len()
            })
        }),
        Work::Medium => contender(name, move || {
            runtime.block_on(async {
                let query = users::table
                    .left_join(posts::table)
                    .filter(users::hair_color.eq("black"))
                    .select((User::as_select(), Option::<Post>::as_select()));
                let rows: Vec<(User, Option<Post>)> = query.load(&mut connection).await.expect("rows");
                rows.len()
            })
        }),
        Work::Insert(size) => contender(name, move || {
            runtime.block_on(async {
                let rows: Vec<NewUser> = data::fresh(size).map(NewUser::from).collect();
                diesel::insert_into(users::table).values(&rows).execute(&mut connection).await.expect("an insert");
                size
            })
        }),
        Work::Associations => contender(name, move || {
            runtime.block_on(async {
                let all: Vec<User> = users::table.select(User::as_select()).load(&mut connection).await.expect("users");
                let posts: Vec<Post> =
                    Post::belonging_to(&all).select(Post::as_select()).load(&mut connection).await.expect("posts");
                let comments = Comment::belonging_to(&posts).select(Comment::as_select());
                let comments: Vec<Comment> = comments.load(&mut connection).await.expect("comments");
                let comments = comments.grouped_by(&posts);
                let posts: Vec<Vec<(Post, Vec<Comment>)>> = posts.into_iter().zip(comments).grouped_by(&all);
                posts.iter().flatten().map(|(_, comments)| comments.len()).sum()
            })
        }),
        Work::Get(rows) => {
            let mut key = 0;
            contender(name, move || {
                let id = data::next_key(&mut key, rows);
                runtime.block_on(async {
                    let user = users::table.find(id).select(User::as_select());
                    let _: User = user.first(&mut connection).await.expect("the user");
                    1
                })
            })
        }
    }
}
