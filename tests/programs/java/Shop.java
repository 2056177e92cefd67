import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.time.Instant;
import java.util.HexFormat;
import java.util.Map;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** Reads a shop from Shopee: the program under test, which signs by itself. */
public class Shop {
    private static final String PATH = "/api/v2/shop/get_shop_info";
    private final String baseUrl;
    private final Map<String, String> keys;

    /** `keys` by the names of the variables of `ingam sandbox --env-file`. */
    public Shop(String baseUrl, Map<String, String> keys) {
        this.baseUrl = baseUrl;
        this.keys = keys;
    }

    /** The response as it is. */
    public String info() throws IOException, InterruptedException, GeneralSecurityException {
        String partner = keys.get("INGAM_SHOPEE__PARTNER_ID");
        String token = keys.get("INGAM_SHOPEE__ACCESS_TOKEN");
        String shop = keys.get("INGAM_SHOPEE__SHOP_ID");
        long timestamp = Instant.now().getEpochSecond();
        Mac mac = Mac.getInstance("HmacSHA256");
        byte[] key = keys.get("INGAM_SHOPEE__PARTNER_KEY").getBytes(StandardCharsets.UTF_8);
        mac.init(new SecretKeySpec(key, "HmacSHA256"));
        String text = partner + PATH + timestamp + token + shop;
        String sign = HexFormat.of().formatHex(mac.doFinal(text.getBytes(StandardCharsets.UTF_8)));
        String query = "partner_id=" + partner + "&timestamp=" + timestamp + "&access_token=" + token
            + "&shop_id=" + shop + "&sign=" + sign;
        HttpRequest request = HttpRequest.newBuilder(URI.create(baseUrl + PATH + "?" + query)).build();
        return HttpClient.newHttpClient().send(request, BodyHandlers.ofString()).body();
    }
}
