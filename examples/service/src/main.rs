//! A web service with axum: lists of tasks. `cargo run` serves port 3000, from a database in memory unless `DATABASE_URL` says
//! where it is.
//!
//! An engine is the state that handlers share. One that reads gives its query to the engine and gets plain values; one that
//! changes something has a session, for as long as the request takes.

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, patch};
use axum::{Json, Router};
use orm::prelude::*;
use serde::{Deserialize, Serialize};

// -------------------------------------------------------------------------------------------------------------- models

#[derive(Clone, Debug, Model, Serialize)]
#[orm(table = "lists")]
struct List {
    #[orm(primary_key)]
    id: i64,
    #[orm(length = 80, unique, validate = not_blank)]
    title: String,
    #[orm(back_populates = list, cascade(all, delete_orphan), order_by = id)]
    #[serde(skip_serializing_if = "HasMany::is_unloaded")]
    tasks: HasMany<Task>,
}

#[derive(Clone, Debug, Model, Serialize)]
#[orm(table = "tasks", version = version)]
struct Task {
    #[orm(primary_key)]
    id: i64,
    #[orm(length = 200, validate = not_blank)]
    title: String,
    #[orm(default = false)]
    done: bool,
    version: i32,
    #[orm(foreign_key = List.id, on_delete = cascade, index)]
    #[serde(skip)]
    list_id: i64,
    #[orm(back_populates = tasks)]
    #[serde(skip)]
    list: BelongsTo<List>,
}

fn not_blank(text: &str) -> Result<(), &'static str> {
    if text.trim().is_empty() { Err("must not be blank") } else { Ok(()) }
}

// -------------------------------------------------------------------------------------------------------------- errors

/// What goes wrong in a handler, as it is told to the client.
struct Failure(StatusCode, String);

type Answer<T> = Result<T, Failure>;

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let status = match () {
            () if error.is_no_result_found() => StatusCode::NOT_FOUND,
            () if error.is_unique_violation() || error.is_stale_data() => StatusCode::CONFLICT,
            () if !error.violations().is_empty() => StatusCode::UNPROCESSABLE_ENTITY,
            () if error.is_retryable() || error.is_disconnect() => StatusCode::SERVICE_UNAVAILABLE,
            () => StatusCode::INTERNAL_SERVER_ERROR,
        };
        if status.is_server_error() {
            // What happened is for the log: the client learns nothing of tables and statements.
            tracing::error!("{error}");
            return Failure(status, "something went wrong".to_owned());
        }
        Failure(status, error.message().to_owned())
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        #[derive(Serialize)]
        struct Told {
            error: String,
        }
        (self.0, Json(Told { error: self.1 })).into_response()
    }
}

// ------------------------------------------------------------------------------------------------------------ handlers

fn service(engine: Engine) -> Router {
    Router::new()
        .route("/lists", get(lists).post(create))
        .route("/lists/{id}", get(show).delete(remove))
        .route("/tasks/{id}", patch(change))
        .with_state(engine)
}

#[derive(Deserialize)]
struct Page {
    /// The last key of the page before.
    #[serde(default)]
    after: i64,
    #[serde(default = "Page::size")]
    limit: u64,
}

impl Page {
    fn size() -> u64 {
        20
    }
}

/// A list with how many of its tasks are open.
#[derive(Row, Serialize)]
#[orm(from = List)]
struct Line {
    id: i64,
    title: String,
    #[orm(from = func::count(Task.id).filter(Task.done.eq(false)))]
    open: i64,
}

async fn lists(State(engine): State<Engine>, Query(page): Query<Page>) -> Answer<Json<Vec<Line>>> {
    let lists = select(Line).outerjoin(List.tasks).filter(List.id.gt(page.after)).group_by((List.id, List.title));
    Ok(Json(lists.order_by(List.id).limit(page.limit.min(100)).all(&engine).await?))
}

async fn show(State(engine): State<Engine>, Path(id): Path<i64>) -> Answer<Json<List>> {
    Ok(Json(select(List).filter(List.id.eq(id)).options(selectinload(List.tasks)).one(&engine).await?))
}

#[derive(Deserialize)]
struct NewList {
    title: String,
    #[serde(default)]
    tasks: Vec<String>,
}

async fn create(State(engine): State<Engine>, Json(new): Json<NewList>) -> Answer<(StatusCode, Json<List>)> {
    let mut session = Session::new(&engine);
    let tasks = new.tasks.into_iter().map(|title| Task::builder().title(title));
    let list = session.add(List::builder().title(new.title).tasks(tasks));
    session.commit().await?; // the list and all its tasks, in one transaction
    session.load(list, List.tasks).await?;
    Ok((StatusCode::CREATED, Json(session.value_of(list)?)))
}

#[derive(Deserialize)]
struct Change {
    /// That of the task which the client has seen.
    version: i32,
    title: Option<String>,
    done: Option<bool>,
}

async fn change(State(engine): State<Engine>, Path(id): Path<i64>, Json(change): Json<Change>) -> Answer<Json<Task>> {
    let mut session = Session::new(&engine);
    let task = session.get_one(Task, id).await?;
    if session[task].version != change.version {
        return Err(Failure(StatusCode::CONFLICT, format!("version {} is there by now", session[task].version)));
    }
    if let Some(title) = change.title {
        session[task].title = title;
    }
    if let Some(done) = change.done {
        session[task].done = done;
    }
    session.commit().await?; // fails with stale data where somebody else was faster
    Ok(Json(session.value_of(task)?))
}

async fn remove(State(engine): State<Engine>, Path(id): Path<i64>) -> Answer<StatusCode> {
    let mut session = Session::new(&engine);
    let list = session.get_one(List, id).await?;
    session.delete(list).await?;
    session.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let url = std::env::var("DATABASE_URL").unwrap_or_else(|_| "sqlite::memory:".to_owned());
    let engine = Engine::new(&url)?;
    MetaData::global().create_all(&engine).await?;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    println!("http://{}/lists", listener.local_addr()?);
    axum::serve(listener, service(engine)).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use axum::http::{Method, Request, header};
    use serde_json::{Value, json};
    use tower::ServiceExt as _;

    use super::*;

    /// The service, over a database of its own. On a server whose tables are there, `test_transaction` takes back what is committed.
    async fn service() -> Router {
        let engine = Engine::builder("sqlite::memory:").test_transaction(true).build().unwrap();
        MetaData::global().create_all(&engine).await.unwrap();
        super::service(engine)
    }

    async fn ask(service: &Router, method: Method, path: &str, body: Value) -> (u16, Value) {
        let request = Request::builder().method(method).uri(path).header(header::CONTENT_TYPE, "application/json");
        let request = request.body(Body::from(body.to_string())).unwrap();
        let response = service.clone().oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
    }

    async fn with_a_list() -> Router {
        let service = service().await;
        let new = json!({"title": "home", "tasks": ["wash", "cook"]});
        assert_eq!(ask(&service, Method::POST, "/lists", new).await.0, 201);
        service
    }

    #[tokio::test]
    async fn a_list_is_made_with_its_tasks() {
        let service = with_a_list().await;
        let home = json!({"id": 1, "title": "home", "tasks": [
            {"id": 1, "title": "wash", "done": false, "version": 1},
            {"id": 2, "title": "cook", "done": false, "version": 1},
        ]});
        assert_eq!(ask(&service, Method::GET, "/lists/1", Value::Null).await, (200, home));
    }

    #[tokio::test]
    async fn lists_come_page_by_page_with_what_is_open() {
        let service = with_a_list().await;
        ask(&service, Method::POST, "/lists", json!({"title": "garden"})).await;
        ask(&service, Method::PATCH, "/tasks/1", json!({"version": 1, "done": true})).await;
        let (_, page) = ask(&service, Method::GET, "/lists?limit=1", Value::Null).await;
        assert_eq!(page, json!([{"id": 1, "title": "home", "open": 1}]));
        let (_, page) = ask(&service, Method::GET, "/lists?limit=1&after=1", Value::Null).await;
        assert_eq!(page, json!([{"id": 2, "title": "garden", "open": 0}]));
    }

    #[tokio::test]
    async fn who_has_seen_an_older_task_is_told() {
        let service = with_a_list().await;
        let (status, task) = ask(&service, Method::PATCH, "/tasks/2", json!({"version": 1, "title": "bake"})).await;
        assert_eq!((status, &task["title"], &task["version"]), (200, &json!("bake"), &json!(2)));
        let (status, told) = ask(&service, Method::PATCH, "/tasks/2", json!({"version": 1, "done": true})).await;
        assert_eq!((status, told), (409, json!({"error": "version 2 is there by now"})));
    }

    #[tokio::test]
    async fn what_is_wrong_has_its_status() {
        let service = with_a_list().await;
        let status = async |method, path, body| ask(&service, method, path, body).await.0;
        assert_eq!(status(Method::POST, "/lists", json!({"title": "home"})).await, 409);
        assert_eq!(status(Method::POST, "/lists", json!({"title": " "})).await, 422);
        assert_eq!(status(Method::GET, "/lists/7", Value::Null).await, 404);
        assert_eq!(status(Method::DELETE, "/lists/1", Value::Null).await, 204);
        assert_eq!(status(Method::PATCH, "/tasks/1", json!({"version": 1})).await, 404);
    }
}
