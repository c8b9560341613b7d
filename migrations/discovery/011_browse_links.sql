-- Collections that were written before link to their catalogs by time, as new ones do.
UPDATE collection SET version = nextval('document_version'), document = regexp_replace(document,
    '("rel":"items","type":"application/geo\+json","href":"urn:nadir:base:/stac/collections/([^"/]+)/items"\})',
    '\1,{"rel":"child","type":"application/json","href":"urn:nadir:base:/stac/browse/\2"}')
WHERE document NOT LIKE '%urn:nadir:base:/stac/browse/%';
