-- upgrade
CREATE TABLE users (
    id INTEGER NOT NULL,
    name VARCHAR(50) NOT NULL,
    CONSTRAINT pk_users PRIMARY KEY (id)
);

-- downgrade
DROP TABLE users;
