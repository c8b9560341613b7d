-- What is bought by the square kilometre is bought for its area, and delivered cut to it. NULL: the whole scene, which is also
-- what orders of before this gave.
ALTER TABLE entitlement ADD COLUMN aoi jsonb;
ALTER TABLE entitlement DROP CONSTRAINT entitlement_subject_collection_item_key;
-- Nothing is sold twice to the same buyer: neither a scene nor the same area of it.
CREATE UNIQUE INDEX entitlement_once ON entitlement (subject, collection, item, (coalesce(md5(aoi::text), '')));
