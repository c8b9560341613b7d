-- What collections are found by (collection search): kept beside the document by a trigger, under the names that `footprint` has, so
-- that one translator of filters serves both.
ALTER TABLE collection
    ADD COLUMN datetime   timestamptz,        -- when its extent begins; NULL: open
    ADD COLUMN during     tstzrange,          -- the first interval of extent.temporal, which covers all
    ADD COLUMN geom       geometry(Geometry, 4326), -- the boxes of extent.spatial
    ADD COLUMN properties jsonb,              -- the document but for links and extent
    ADD COLUMN words      tsvector;           -- as words_of() has them, and the id

-- A box of 4 or 6 numbers; west > east crosses the antimeridian.
CREATE FUNCTION box_area(box jsonb) RETURNS geometry LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN w <= e THEN ST_MakeEnvelope(w, s, e, n, 4326)
                ELSE ST_Collect(ST_MakeEnvelope(w, s, 180, n, 4326), ST_MakeEnvelope(-180, s, e, n, 4326)) END
    FROM (SELECT (box ->> 0)::float8 AS w, (box ->> 1)::float8 AS s,
                 (box ->> (jsonb_array_length(box) / 2))::float8 AS e, (box ->> (jsonb_array_length(box) / 2 + 1))::float8 AS n) AS sides
$$;

CREATE FUNCTION collection_written() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    document jsonb := NEW.document::jsonb;
    boxes    jsonb := document #> '{extent,spatial,bbox}';
    interval jsonb := document #> '{extent,temporal,interval,0}';
BEGIN
    NEW.properties := document - '{links,extent}'::text[];
    NEW.words := coalesce(words_of(document), '') || to_tsvector('simple', NEW.id);
    NEW.datetime := (interval ->> 0)::timestamptz;
    NEW.during := tstzrange((interval ->> 0)::timestamptz, (interval ->> 1)::timestamptz, '[]');
    -- Of several boxes the first covers the others, which tell more exactly where there is something.
    NEW.geom := (SELECT ST_UnaryUnion(ST_Collect(box_area(box))) FROM jsonb_array_elements(boxes) WITH ORDINALITY AS b(box, n)
                 WHERE n > 1 OR jsonb_array_length(boxes) = 1);
    RETURN NEW;
END $$;
CREATE TRIGGER collection_written BEFORE INSERT OR UPDATE OF document ON collection
    FOR EACH ROW EXECUTE FUNCTION collection_written();

-- Words as they are asked for: phrases separated by commas, any of them, in any of the languages.
CREATE FUNCTION collection_words_asked(asked text) RETURNS tsquery LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce(string_agg('(' || phrase::text || ')', ' | ')::tsquery, ''::tsquery)
    FROM unnest(string_to_array(asked, ',')) AS term,
         unnest(ARRAY[phraseto_tsquery('english', term), phraseto_tsquery('french', term), phraseto_tsquery('german', term),
                      phraseto_tsquery('simple', term)]) AS phrase
    WHERE numnode(phrase) > 0
$$;

-- Collections that were written before get the links that new ones have.
UPDATE collection SET version = nextval('document_version'), document = regexp_replace(document,
    '("rel":"items","type":"application/geo\+json","href":"(urn:nadir:base:/stac/collections/[^"/]+)/items"\})',
    '\1,{"rel":"http://www.opengis.net/def/rel/ogc/1.0/queryables","type":"application/schema+json","href":"\2/queryables"}'
    ',{"rel":"aggregate","type":"application/json","href":"\2/aggregate"}'
    ',{"rel":"aggregations","type":"application/json","href":"\2/aggregations"}');
