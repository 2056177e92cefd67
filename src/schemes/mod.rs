//! The built-in schemes, as data: each is the YAML file beside this one, decoded like a scheme of a
//! workspace. No other Rust file names a marketplace.

/// Name and text of each, in the order of their names.
pub(crate) const BUILT_IN_SCHEMES: [(&str, &str); 7] = [
    ("coupang", include_str!("coupang.yaml")),
    ("kaufland", include_str!("kaufland.yaml")),
    ("lazada", include_str!("lazada.yaml")),
    ("naver-commerce", include_str!("naver-commerce.yaml")),
    ("none", include_str!("none.yaml")),
    ("shopee", include_str!("shopee.yaml")),
    ("tiktok-shop", include_str!("tiktok-shop.yaml")),
];
