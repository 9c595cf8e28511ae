"""SQLAlchemy's part of the bench on SQLite, spoken to on the standard streams as `harness/src/serve.rs` tells.

Each piece of work is written as SQLAlchemy's own documentation writes it: a session for each, `selectinload` for trees.
"""

import sys
import time
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import Column, ForeignKey, Table, create_engine, event, select, text
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship, selectinload

EACH_GRAPH, DIRTY, CHUNK, TASKS, GETS, CONNECTIONS = 3, 10, 1000, 16, 25, 4
FILE_SETTINGS = ["PRAGMA busy_timeout = 5000", "PRAGMA journal_mode = WAL", "PRAGMA synchronous = NORMAL"]
MASK = (1 << 64) - 1
PRIME = 0x100000001B3


class Base(DeclarativeBase):
    pass


post_tags = Table(
    "post_tags",
    Base.metadata,
    Column("post_id", ForeignKey("posts.id"), primary_key=True),
    Column("tag_id", ForeignKey("tags.id"), primary_key=True),
)


class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    hair_color: Mapped[str | None]
    posts: Mapped[list["Post"]] = relationship(back_populates="user", cascade="all")

    def digest(self):
        return row(f"user|{self.id}|{self.name}|{self.hair_color or '~'}")


class Post(Base):
    __tablename__ = "posts"
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    title: Mapped[str]
    body: Mapped[str | None]
    user: Mapped[User] = relationship(back_populates="posts")
    comments: Mapped[list["Comment"]] = relationship(back_populates="post", cascade="all")
    tags: Mapped[list["Tag"]] = relationship(secondary=post_tags)

    def digest(self):
        return row(f"post|{self.id}|{self.user_id}|{self.title}|{self.body or '~'}")


class Comment(Base):
    __tablename__ = "comments"
    id: Mapped[int] = mapped_column(primary_key=True)
    post_id: Mapped[int] = mapped_column(ForeignKey("posts.id"))
    text: Mapped[str]
    post: Mapped[Post] = relationship(back_populates="comments")

    def digest(self):
        return row(f"comment|{self.id}|{self.post_id}|{self.text}")


class Tag(Base):
    __tablename__ = "tags"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]

    def digest(self):
        return row(f"tag|{self.id}|{self.name}")


def row(words):
    """The number for a row: FNV-1a, as in `harness/src/answer.rs`."""
    number = 0xCBF29CE484222325
    for byte in words.encode():
        number = ((number ^ byte) * PRIME) & MASK
    return number


def under(parent, child):
    return ((parent * PRIME + 1) & MASK) * (child | 1) & MASK


def total(numbers):
    return sum(numbers) & MASK


def connect(kind, path, fill):
    if kind == "memory":
        engine = create_engine("sqlite://")
    else:
        engine = create_engine(f"sqlite:///{path}", pool_size=CONNECTIONS, max_overflow=0)

    @event.listens_for(engine, "connect")
    def opened(connection, _):
        for setting in FILE_SETTINGS if kind == "file" else []:
            connection.execute(setting)

    with engine.begin() as connection:
        for statement in fill:
            connection.execute(text(statement))
    return engine


def count(db, sql):
    return db.execute(text(sql)).scalar_one()


def keys(rows):
    """The keys from 1 to `rows` in a mixed order, without end."""
    key = 0
    while True:
        key = (key + 7919) % rows
        yield key + 1


def fresh(size):
    return [User(name=f"User {i}", hair_color="hair_color") for i in range(size)]


def aggregate(user):
    for p in range(EACH_GRAPH):
        title = f"Post {p} by {user.name}"
        comments = [Comment(text=f"Comment {c} on {title}") for c in range(EACH_GRAPH)]
        user.posts.append(Post(title=title, comments=comments))
    return user


def tree(users):
    def of_post(post):
        return total([post.digest(), *(under(post.id, comment.digest()) for comment in post.comments)])

    return total(total([user.digest(), *(under(user.id, of_post(post)) for post in user.posts)]) for user in users)


def tagged(posts):
    return total(total([post.digest(), *(under(post.id, tag.digest()) for tag in post.tags)]) for post in posts)


def reader(engine, work, size):
    """Work that reads in a session of its own; it is told whether to say what it read."""
    some = keys(max(size, 1))

    def trivial(session, is_asked):
        users = session.scalars(select(User)).all()
        return total(user.digest() for user in users) if is_asked else 0

    def medium(session, is_asked):
        query = select(User, Post).outerjoin(User.posts).where(User.hair_color == "black")
        rows = session.execute(query).all()
        return total(user.digest() + (post.digest() if post else 0) for user, post in rows) if is_asked else 0

    def get(session, is_asked):
        user = session.get_one(User, next(some))
        return user.digest() if is_asked else 0

    def associations(session, is_asked):
        query = select(User).options(selectinload(User.posts).selectinload(Post.comments))
        users = session.scalars(query).all()
        return tree(users) if is_asked else 0

    def many_to_many(session, is_asked):
        posts = session.scalars(select(Post).options(selectinload(Post.tags))).all()
        return tagged(posts) if is_asked else 0

    def stream(session, is_asked):
        seen = 0
        for user in session.scalars(select(User).execution_options(yield_per=CHUNK)):
            # Who is not asked reads the values all the same.
            seen += user.digest() if is_asked else len(user.name)
        return seen & MASK

    read = locals()[work]

    def run(is_asked):
        with Session(engine) as session:
            return read(session, is_asked)

    return run


def writer(engine, name, work, size):
    """Work that writes for good; what it wrote is counted around it."""
    colours = iter(range(1, sys.maxsize))
    kept = Session(engine, expire_on_commit=False)
    users = kept.scalars(select(User).order_by(User.id)).all() if work == "flush" else []
    kept.commit()
    audit = {
        "insert": "SELECT COUNT(*) FROM users",
        "graph": "SELECT COUNT(*) FROM users u JOIN posts p ON p.user_id = u.id JOIN comments c ON c.post_id = p.id "
        "WHERE REPLACE(p.title, u.name, '') <> p.title AND REPLACE(c.text, p.title, '') <> c.text",
        "flush": f"SELECT COUNT(*) FROM users WHERE hair_color = '{name} 1'",
    }[work]

    def insert():
        with Session(engine) as session:
            session.add_all(fresh(size))
            session.commit()

    def graph():
        with Session(engine) as session:
            session.add_all([aggregate(user) for user in fresh(size)])
            session.commit()

    def flush():
        colour = f"{name} {next(colours)}"
        for user in users[:: size // DIRTY]:
            user.hair_color = colour
        kept.commit()

    write = locals()[work]

    def run(is_asked):
        before = count_of(is_asked)
        write()
        return count_of(is_asked) - before

    def count_of(is_asked):
        if not is_asked:
            return 0
        with engine.connect() as connection:
            return count(connection, audit)

    return run


def cascade(engine, size):
    some = keys(size)
    audit = "SELECT (SELECT COUNT(*) FROM users) + (SELECT COUNT(*) FROM posts) + (SELECT COUNT(*) FROM comments)"

    def run(is_asked):
        with Session(engine) as session:
            before = count(session, audit) if is_asked else 0
            session.delete(session.get_one(User, next(some)))
            session.flush()
            after = count(session, audit) if is_asked else 0
            session.rollback()
            return before - after

    return run


def tasks(engine, rows):
    threads = ThreadPoolExecutor(TASKS)

    def task(number, is_asked):
        seen = 0
        for i in range(GETS):
            with Session(engine) as session:
                user = session.get_one(User, (number * GETS + i) * 7919 % rows + 1)
                seen += user.digest() if is_asked else len(user.name)
        return seen

    def run(is_asked):
        return total(threads.map(task, range(TASKS), [is_asked] * TASKS))

    return run


def opened(name, kind, work, size, fill, path):
    engine = connect(kind, path, fill)
    if work == "cascade":
        return cascade(engine, size)
    if work == "tasks":
        return tasks(engine, size)
    if work in ("insert", "graph", "flush"):
        return writer(engine, name, work, size)
    return reader(engine, work, size)


def spent(run, times):
    begun, processor = time.perf_counter(), time.process_time()
    for _ in range(times):
        run(False)
    return time.perf_counter() - begun, time.process_time() - processor


def status(field):
    with open("/proc/self/status") as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith(field))


def memory(run):
    with open("/proc/self/clear_refs", "w") as peak:
        peak.write("5")
    before = status("VmRSS:")
    wall, processor = spent(run, 1)
    return f"{wall} {processor} {max(status('VmHWM:') - before, 0)}"


def main():
    run = None
    for line in sys.stdin:
        words = line.rstrip("\n").split(" ", 6)
        if words[0] == "open":
            _, name, kind, work, size, lines, path = words
            fill = [sys.stdin.readline() for _ in range(int(lines))]
            run = opened(name.replace("_", " "), kind, work, int(size), fill, path)
            answer = "ready"
        elif words[0] == "answer":
            answer = run(True)
        elif words[0] == "run":
            answer = "{} {} 0".format(*spent(run, int(words[1])))
        else:
            answer = memory(run)
        print(answer, flush=True)


if __name__ == "__main__":
    main()
