//! The built-in schemes, as data: each is the YAML file beside this one, decoded like a scheme of a
//! workspace. No other Rust file names a marketplace.

/// Name and text of each, in the order of their names.
pub(crate) const BUILT_IN_SCHEMES: [(&str, &str); 20] = [
    ("coupang", include_str!("coupang.yaml")),
    ("eleventh-st", include_str!("eleventh-st.yaml")),
    ("godomall", include_str!("godomall.yaml")),
    ("grip", include_str!("grip.yaml")),
    ("kakao-shopping", include_str!("kakao-shopping.yaml")),
    ("kaufland", include_str!("kaufland.yaml")),
    ("lazada", include_str!("lazada.yaml")),
    ("lotteon", include_str!("lotteon.yaml")),
    ("makeshop", include_str!("makeshop.yaml")),
    ("mercari-shops", include_str!("mercari-shops.yaml")),
    ("naver-commerce", include_str!("naver-commerce.yaml")),
    ("none", include_str!("none.yaml")),
    ("qoo10", include_str!("qoo10.yaml")),
    ("rakuten-rms", include_str!("rakuten-rms.yaml")),
    ("shopby", include_str!("shopby.yaml")),
    ("shopee", include_str!("shopee.yaml")),
    ("ssg", include_str!("ssg.yaml")),
    ("tiktok-shop", include_str!("tiktok-shop.yaml")),
    ("toss-shopping", include_str!("toss-shopping.yaml")),
    ("yahoo-jp", include_str!("yahoo-jp.yaml")),
];
