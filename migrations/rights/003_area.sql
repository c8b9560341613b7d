-- What was bought for an area only: its bytes are delivered cut to that area. NULL: the whole scene.
ALTER TABLE right_entitlement ADD COLUMN aoi jsonb;
