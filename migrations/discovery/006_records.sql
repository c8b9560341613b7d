-- Collections as records (OGC API - Records, and the first step of OpenSearch): what they are found by besides the members of the
-- document itself. Runs after collection_written, which makes `properties`: triggers of one event run in the order of their names.
CREATE FUNCTION collection_recorded() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    document jsonb := NEW.document::jsonb;
    listed   jsonb;  -- summaries that are lists of values: platform, instruments, …
    makers   jsonb;  -- names of the providers
    external jsonb;  -- each external identifier as "value", "scheme:value" and "scheme"
BEGIN
    SELECT jsonb_object_agg(key, value) INTO listed
        FROM jsonb_each(CASE WHEN jsonb_typeof(document -> 'summaries') = 'object' THEN document -> 'summaries' ELSE '{}' END)
        WHERE jsonb_typeof(value) = 'array';
    SELECT jsonb_agg(provider ->> 'name') INTO makers
        FROM jsonb_array_elements(CASE WHEN jsonb_typeof(document -> 'providers') = 'array' THEN document -> 'providers' ELSE '[]' END)
             AS p(provider)
        WHERE provider ->> 'name' IS NOT NULL;
    SELECT jsonb_agg(form) INTO external
        FROM (SELECT 'doi' AS scheme, document ->> 'sci:doi' AS value
              UNION ALL
              SELECT e.id ->> 'scheme', e.id ->> 'value' FROM jsonb_array_elements(
                  CASE WHEN jsonb_typeof(document -> 'externalIds') = 'array' THEN document -> 'externalIds' ELSE '[]' END) AS e(id)) AS ids,
             unnest(ARRAY[value, scheme || ':' || value, scheme]) AS form
        WHERE value IS NOT NULL AND form IS NOT NULL;
    NEW.properties := coalesce(listed, '{}') || NEW.properties
        || jsonb_strip_nulls(jsonb_build_object('record:type', 'dataset', 'record:organisations', makers, 'record:external_ids', external));
    RETURN NEW;
END $$;
CREATE TRIGGER collection_written_as_record BEFORE INSERT OR UPDATE OF document ON collection
    FOR EACH ROW EXECUTE FUNCTION collection_recorded();

UPDATE collection SET document = document;
