-- A mark between the languages, so that no phrase is found across two of them.
CREATE OR REPLACE FUNCTION words_of(properties jsonb) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN properties ?| '{title,description,keywords}' THEN
        to_tsvector('english', t) || mark || to_tsvector('french', t) || mark || to_tsvector('german', t) || mark || to_tsvector('simple', t) END
    FROM (SELECT concat_ws(' ', properties ->> 'title', properties ->> 'description', properties ->> 'keywords') AS t,
                 tsvector '''.'':1' AS mark) AS said
$$;
