-- Offers of a collection are listed newest first; what holds for one item is found through offer_standing.
CREATE INDEX offer_listing ON offer (collection, id) WHERE withdrawn_at IS NULL;
