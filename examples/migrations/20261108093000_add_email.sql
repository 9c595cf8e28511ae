-- upgrade
ALTER TABLE users ADD COLUMN email TEXT;

-- downgrade
ALTER TABLE users DROP COLUMN email;
