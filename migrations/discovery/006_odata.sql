-- The Id of a product in OData: a UUID of version 3 (RFC 9562 section 5.3) of "collection/id" in the name space whose sixteen bytes
-- are "urn:nadir:items:". product_id in modules/discovery/odata/product.c computes the same.
CREATE FUNCTION odata_id(collection text, id text) RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT (substr(m, 1, 12) || '3' || substr(m, 14, 3) || translate(substr(m, 17, 1), '0123456789abcdef', '89ab89ab89ab89ab')
            || substr(m, 18))::uuid
    FROM (SELECT md5('urn:nadir:items:' || collection || '/' || id) AS m) AS digest
$$;
-- Not unique: a hash index is small, and quick to add to while items are loaded.
CREATE INDEX item_odata_id ON item USING hash (odata_id(collection, id));
