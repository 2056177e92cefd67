//! The built-in schemes, as data: each is the YAML file beside this one, decoded like a scheme of a
//! workspace, when a file names it. No other Rust file names a marketplace.

/// Name and text of each, in the order of their names.
pub(crate) const BUILT_IN_SCHEMES: &[(&str, &str)] = &[
    ("ali1688", include_str!("ali1688.yaml")),
    ("alibaba", include_str!("alibaba.yaml")),
    ("aliexpress", include_str!("aliexpress.yaml")),
    ("allegro", include_str!("allegro.yaml")),
    ("amazon-creators", include_str!("amazon-creators.yaml")),
    ("amazon-sp-api", include_str!("amazon-sp-api.yaml")),
    ("api-key", include_str!("api-key.yaml")),
    ("aws-sigv4", include_str!("aws-sigv4.yaml")),
    ("basic", include_str!("basic.yaml")),
    ("bearer", include_str!("bearer.yaml")),
    ("bigcommerce", include_str!("bigcommerce.yaml")),
    ("bol", include_str!("bol.yaml")),
    ("bukalapak", include_str!("bukalapak.yaml")),
    ("cafe24", include_str!("cafe24.yaml")),
    ("coupang", include_str!("coupang.yaml")),
    ("douyin", include_str!("douyin.yaml")),
    ("ebay", include_str!("ebay.yaml")),
    ("ebay-signed", include_str!("ebay-signed.yaml")),
    ("eleventh-st", include_str!("eleventh-st.yaml")),
    ("esm", include_str!("esm.yaml")),
    ("etsy", include_str!("etsy.yaml")),
    ("flipkart", include_str!("flipkart.yaml")),
    ("godomall", include_str!("godomall.yaml")),
    ("grip", include_str!("grip.yaml")),
    ("hepsiburada", include_str!("hepsiburada.yaml")),
    (
        "http-message-signatures",
        include_str!("http-message-signatures.yaml"),
    ),
    ("jd", include_str!("jd.yaml")),
    ("jumia", include_str!("jumia.yaml")),
    ("jwt", include_str!("jwt.yaml")),
    ("kakao-shopping", include_str!("kakao-shopping.yaml")),
    ("kaufland", include_str!("kaufland.yaml")),
    ("kuaishou", include_str!("kuaishou.yaml")),
    ("lazada", include_str!("lazada.yaml")),
    ("lotteon", include_str!("lotteon.yaml")),
    ("magalu", include_str!("magalu.yaml")),
    ("makeshop", include_str!("makeshop.yaml")),
    ("mercado-libre", include_str!("mercado-libre.yaml")),
    ("mercari-shops", include_str!("mercari-shops.yaml")),
    ("mirakl", include_str!("mirakl.yaml")),
    ("naver-commerce", include_str!("naver-commerce.yaml")),
    ("none", include_str!("none.yaml")),
    ("noon", include_str!("noon.yaml")),
    ("oauth1", include_str!("oauth1.yaml")),
    (
        "oauth2-client-credentials",
        include_str!("oauth2-client-credentials.yaml"),
    ),
    ("oauth2-code", include_str!("oauth2-code.yaml")),
    ("octopia", include_str!("octopia.yaml")),
    ("otto", include_str!("otto.yaml")),
    ("ozon", include_str!("ozon.yaml")),
    ("pinduoduo", include_str!("pinduoduo.yaml")),
    ("qoo10", include_str!("qoo10.yaml")),
    ("rakuten-rms", include_str!("rakuten-rms.yaml")),
    ("sellercenter", include_str!("sellercenter.yaml")),
    ("shein", include_str!("shein.yaml")),
    ("shopby", include_str!("shopby.yaml")),
    ("shopee", include_str!("shopee.yaml")),
    ("shopify", include_str!("shopify.yaml")),
    ("shopify-cc", include_str!("shopify-cc.yaml")),
    ("ssg", include_str!("ssg.yaml")),
    ("taobao-top", include_str!("taobao-top.yaml")),
    ("temu", include_str!("temu.yaml")),
    ("tiktok-shop", include_str!("tiktok-shop.yaml")),
    ("tokopedia", include_str!("tokopedia.yaml")),
    ("toss-shopping", include_str!("toss-shopping.yaml")),
    ("trendyol", include_str!("trendyol.yaml")),
    ("walmart", include_str!("walmart.yaml")),
    ("walmart-ca", include_str!("walmart-ca.yaml")),
    ("wayfair", include_str!("wayfair.yaml")),
    ("wechat-channels", include_str!("wechat-channels.yaml")),
    ("wildberries", include_str!("wildberries.yaml")),
    ("woocommerce", include_str!("woocommerce.yaml")),
    ("xiaohongshu", include_str!("xiaohongshu.yaml")),
    ("yahoo-jp", include_str!("yahoo-jp.yaml")),
    ("zalando", include_str!("zalando.yaml")),
];

/// Schemes for which no known answer was found. No request can name one: `ingam scheme add` copies
/// it into a workspace, where it needs trust.
pub(crate) const UNPROVEN_SCHEMES: &[(&str, &str)] =
    &[("cj-onstyle", include_str!("unproven/cj-onstyle.yaml"))];

/// The text of a built-in scheme.
pub(crate) fn built_in_text(name: &str) -> Option<&'static str> {
    text_of(BUILT_IN_SCHEMES, name)
}

/// The text of a scheme that can only be copied.
pub(crate) fn unproven_text(name: &str) -> Option<&'static str> {
    text_of(UNPROVEN_SCHEMES, name)
}

fn text_of(schemes: &'static [(&str, &str)], name: &str) -> Option<&'static str> {
    let mut schemes = schemes.iter();
    schemes
        .find(|(known, _)| *known == name)
        .map(|(_, text)| *text)
}
