-- Quotes are swept after a day; what area an order was priced for stays with the order, and its lines tell the least area billed.
ALTER TABLE orders ADD COLUMN aoi jsonb;

CREATE OR REPLACE VIEW order_json AS
    SELECT o.id, o.buyer,
           jsonb_build_object('order', o.id, 'buyer', o.buyer, 'state', 'paid', 'total', o.total, 'currency', o.currency,
               'created_at', utc_text(o.created_at), 'quote', o.quote, 'aoi', o.aoi,
               'lines', (SELECT jsonb_agg(jsonb_build_object('line', l.line, 'collection', l.collection, 'item', l.item, 'offer',
                             l.offer, 'model', l.model, 'unit_price', l.unit_price, 'min_area_km2', f.min_area_km2, 'area_km2',
                             l.area_km2, 'price', l.price, 'owned', l.owned, 'licence', jsonb_build_object('id', f.licence_id,
                             'title', f.licence_title, 'url', f.licence_url, 'hash', f.licence_hash)) ORDER BY l.line)
                         FROM order_line l JOIN offer f ON f.id = l.offer WHERE l.order_id = o.id)) AS body
    FROM orders o;
