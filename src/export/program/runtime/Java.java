//@ missing
//@ import: import java.util.ArrayList;
//@ import: import java.util.List;
static final List<String> MISSING = new ArrayList<>();
//@ variable
static String variable(String name) {
    String value = System.getenv(name);
    return value == null ? "" : value;
}
//@ credential
//@ needs: missing variable
static String credential(String name) {
    String value = variable(name);
    if (value.isEmpty()) MISSING.add(name);
    return value;
}
//@ optional_credential
//@ needs: variable
static String optionalCredential(String name) {
    String value = variable(name);
    return value.isEmpty() ? null : value;
}
//@ credential_or
//@ needs: variable
static String credentialOr(String name, String standard) {
    String value = variable(name);
    return value.isEmpty() ? standard : value;
}
//@ key_credential
//@ needs: missing variable to_base64 utf8
//@ import: import java.nio.charset.StandardCharsets;
//@ import: import java.nio.file.Files;
//@ import: import java.nio.file.Path;
//@ import: import java.util.Arrays;
static String keyCredential(String name) throws Exception {
    String value = variable(name);
    String path = variable(name + "_FILE");
    if (!value.isEmpty() || path.isEmpty()) {
        if (value.isEmpty()) MISSING.add(name);
        return value;
    }
    byte[] key = Files.readAllBytes(Path.of(path));
    String text = new String(key, StandardCharsets.UTF_8);
    return Arrays.equals(utf8(text), key) ? text : toBase64(key);
}
//@ fail
static RuntimeException fail(String message) {
    System.err.println(message);
    System.exit(1);
    return new IllegalStateException(message);
}
//@ check_credentials
//@ needs: missing fail
static void checkCredentials() {
    if (!MISSING.isEmpty()) {
        throw fail("set these environment variables: " + String.join(", ", MISSING));
    }
}
//@ token
//@ needs: variable fail
//@ import: import java.io.IOException;
//@ import: import java.util.List;
static String token(String name, List<String> command) throws Exception {
    String value = variable(name);
    if (value.isEmpty() && !command.isEmpty()) {
        try {
            Process process = new ProcessBuilder(command)
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
            String printed = new String(process.getInputStream().readAllBytes());
            if (process.waitFor() == 0) value = printed.strip();
        } catch (IOException error) {
            System.err.println(error.getMessage());
        }
    }
    if (value.isEmpty()) throw fail("there is no token: set the environment variable " + name);
    return value;
}
//@ unix_milliseconds
static long unixMilliseconds() {
    return System.currentTimeMillis();
}
//@ seconds
static long seconds(long milliseconds) {
    return Math.floorDiv(milliseconds, 1000L);
}
//@ time_text
//@ import: import java.time.Instant;
//@ import: import java.time.OffsetDateTime;
//@ import: import java.time.ZoneOffset;
//@ import: import java.util.Map;
//@ import: import java.util.regex.Pattern;
static String timeText(long milliseconds, long east, String form) {
    ZoneOffset offset = ZoneOffset.ofTotalSeconds(Math.toIntExact(east));
    OffsetDateTime moment = Instant.ofEpochMilli(milliseconds).atOffset(offset);
    String[] days = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
    String[] months =
            {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    long minutes = Math.abs(east) / 60;
    String sign = east < 0 ? "-" : "+";
    String hours = sign + String.format("%02d", minutes / 60);
    String rest = String.format("%02d", minutes % 60);
    String thousandths = String.format("%03d", Math.floorMod(milliseconds, 1000L));
    String date = String.format(
            "%04d-%02d-%02d", moment.getYear(), moment.getMonthValue(), moment.getDayOfMonth());
    String clock = String.format(
            "%02d:%02d:%02d", moment.getHour(), moment.getMinute(), moment.getSecond());
    Map<String, String> parts = Map.ofEntries(
            Map.entry("Y", date.substring(0, 4)), Map.entry("y", date.substring(2, 4)),
            Map.entry("m", date.substring(5, 7)), Map.entry("d", date.substring(8, 10)),
            Map.entry("H", clock.substring(0, 2)), Map.entry("M", clock.substring(3, 5)),
            Map.entry("S", clock.substring(6, 8)), Map.entry("F", date), Map.entry("T", clock),
            Map.entry("a", days[moment.getDayOfWeek().getValue() - 1]),
            Map.entry("b", months[moment.getMonthValue() - 1]),
            Map.entry("z", hours + rest), Map.entry(":z", hours + ":" + rest),
            Map.entry("3f", thousandths), Map.entry(".3f", "." + thousandths));
    return Pattern.compile("%(\\.3f|3f|:z|[A-Za-z])")
            .matcher(form)
            .replaceAll(found -> parts.get(found.group(1)));
}
//@ new_uuid
//@ import: import java.util.UUID;
static String newUuid() {
    return UUID.randomUUID().toString();
}
//@ random_text
//@ import: import java.security.SecureRandom;
static String randomText(long length) {
    String letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    SecureRandom random = new SecureRandom();
    StringBuilder text = new StringBuilder();
    while (text.length() < length) text.append(letters.charAt(random.nextInt(letters.length())));
    return text.toString();
}
//@ decimal
static String decimal(long number) {
    return Long.toString(number);
}
//@ or_empty
static String orEmpty(String text) {
    return text == null ? "" : text;
}
//@ present
//@ needs: fail
static String present(String text, String name) {
    if (text == null) throw fail("there is no value for " + name);
    return text;
}
//@ filled
static boolean filled(String text) {
    return text != null && !text.isEmpty();
}
//@ equal
//@ import: import java.util.Objects;
static boolean equal(String left, String right) {
    return Objects.equals(left, right);
}
//@ slice_from
//@ needs: slice_to
static String sliceFrom(String text, long start) {
    return text.substring(sliceTo(text, start).length());
}
//@ slice_to
static String sliceTo(String text, long end) {
    int letters = text.codePointCount(0, text.length());
    return text.substring(0, text.offsetByCodePoints(0, (int) Math.min(end, letters)));
}
//@ percent_encoded
//@ import: import java.nio.charset.StandardCharsets;
static String percentEncoded(String text, String kept) {
    StringBuilder encoded = new StringBuilder();
    for (byte part : text.getBytes(StandardCharsets.UTF_8)) {
        char letter = (char) (part & 0xff);
        boolean isPlain = letter < 0x80
                && (Character.isLetterOrDigit(letter) || kept.indexOf(letter) >= 0);
        encoded.append(isPlain ? String.valueOf(letter) : String.format("%%%02X", (int) letter));
    }
    return encoded.toString();
}
//@ rfc3986
//@ needs: percent_encoded
static String rfc3986(String text) {
    return percentEncoded(text, "-._~");
}
//@ form_encoded
//@ needs: percent_encoded
static String formEncoded(String text) {
    return percentEncoded(text, "-._* ").replace(" ", "+");
}
//@ lower
//@ import: import java.util.Locale;
static String lower(String text) {
    return text.toLowerCase(Locale.ROOT);
}
//@ upper
//@ import: import java.util.Locale;
static String upper(String text) {
    return text.toUpperCase(Locale.ROOT);
}
//@ trimmed
static String trimmed(String text) {
    return text.strip();
}
//@ replaced
static String replaced(String text, String old, String by) {
    return text.replace(old, by);
}
//@ split
//@ import: import java.util.List;
//@ import: import java.util.regex.Pattern;
static List<String> split(String text, String by) {
    return List.of(text.split(Pattern.quote(by), -1));
}
//@ first
//@ import: import java.util.List;
static String first(List<String> texts) {
    return texts.get(0);
}
//@ last
//@ import: import java.util.List;
static String last(List<String> texts) {
    return texts.get(texts.size() - 1);
}
//@ length
static long length(String text) {
    return text.codePointCount(0, text.length());
}
//@ join
//@ import: import java.util.List;
static String join(List<String> texts, String between) {
    return String.join(between, texts);
}
//@ pair
static String[] pair(String name, String value) {
    return new String[] {name, value};
}
//@ member
static String[] member(String name, String json, String text) {
    return new String[] {name, json, text};
}
//@ also
//@ import: import java.util.List;
//@ import: import java.util.stream.Stream;
static List<String[]> also(List<String[]> pairs, List<String[]> more) {
    return Stream.concat(pairs.stream(), more.stream()).toList();
}
//@ drop_names
//@ import: import java.util.List;
static List<String[]> dropNames(List<String[]> pairs, List<String> names) {
    return pairs.stream().filter(pair -> !names.contains(pair[0])).toList();
}
//@ only_names
//@ import: import java.util.List;
static List<String[]> onlyNames(List<String[]> pairs, List<String> names) {
    return pairs.stream().filter(pair -> names.contains(pair[0])).toList();
}
//@ nonempty
//@ import: import java.util.List;
static List<String[]> nonempty(List<String[]> pairs) {
    return pairs.stream().filter(pair -> !pair[1].isEmpty()).toList();
}
//@ bytesort
//@ needs: utf8
//@ import: import java.util.Arrays;
//@ import: import java.util.Comparator;
//@ import: import java.util.List;
static List<String[]> bytesort(List<String[]> pairs) {
    Comparator<String> bytes = (left, right) -> Arrays.compareUnsigned(utf8(left), utf8(right));
    Comparator<String[]> names = (left, right) -> bytes.compare(left[0], right[0]);
    return pairs.stream()
            .sorted(names.thenComparing((left, right) -> bytes.compare(left[1], right[1])))
            .toList();
}
//@ encoded
//@ needs: pair rfc3986
//@ import: import java.util.List;
static List<String[]> encoded(List<String[]> pairs) {
    return pairs.stream().map(pair -> pair(rfc3986(pair[0]), rfc3986(pair[1]))).toList();
}
//@ form_encoded_pairs
//@ needs: pair form_encoded
//@ import: import java.util.List;
static List<String[]> formEncodedPairs(List<String[]> pairs) {
    return pairs.stream().map(pair -> pair(formEncoded(pair[0]), formEncoded(pair[1]))).toList();
}
//@ folded
//@ needs: pair
//@ import: import java.util.Arrays;
//@ import: import java.util.List;
//@ import: import java.util.stream.Collectors;
static List<String[]> folded(List<String[]> pairs) {
    return pairs.stream().map(pair -> pair(fold(pair[0]), fold(pair[1]))).toList();
}

static String fold(String text) {
    return Arrays.stream(text.split("[ \t\n\f\r]+"))
            .filter(part -> !part.isEmpty())
            .collect(Collectors.joining(" "));
}
//@ merged
//@ needs: pair
//@ import: import java.util.LinkedHashMap;
//@ import: import java.util.List;
//@ import: import java.util.Map;
static List<String[]> merged(List<String[]> pairs, String between) {
    Map<String, String> values = new LinkedHashMap<>();
    for (String[] pair : pairs) {
        values.merge(pair[0], pair[1], (known, value) -> known + between + value);
    }
    return values.entrySet().stream().map(entry -> pair(entry.getKey(), entry.getValue())).toList();
}
//@ names
//@ import: import java.util.List;
static List<String> names(List<String[]> pairs) {
    return pairs.stream().map(pair -> pair[0]).toList();
}
//@ concat
//@ import: import java.util.List;
//@ import: import java.util.stream.Collectors;
static String concat(List<String[]> pairs, String inner, String outer) {
    return pairs.stream().map(pair -> pair[0] + inner + pair[1]).collect(Collectors.joining(outer));
}
//@ utf8
//@ import: import java.nio.charset.StandardCharsets;
static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
}
//@ joined_bytes
//@ import: import java.io.ByteArrayOutputStream;
static byte[] joinedBytes(byte[]... parts) throws Exception {
    ByteArrayOutputStream joined = new ByteArrayOutputStream();
    for (byte[] part : parts) joined.write(part);
    return joined.toByteArray();
}
//@ from_hex
//@ import: import java.util.HexFormat;
static byte[] fromHex(String text) {
    return HexFormat.of().parseHex(text);
}
//@ from_base64
//@ import: import java.util.Base64;
static byte[] fromBase64(String text) {
    return Base64.getDecoder().decode(text);
}
//@ from_base64url
//@ import: import java.util.Base64;
static byte[] fromBase64url(String text) {
    return Base64.getUrlDecoder().decode(text);
}
//@ to_hex
//@ import: import java.util.HexFormat;
static String toHex(byte[] data) {
    return HexFormat.of().formatHex(data);
}
//@ to_hex_upper
//@ import: import java.util.HexFormat;
static String toHexUpper(byte[] data) {
    return HexFormat.of().withUpperCase().formatHex(data);
}
//@ to_base64
//@ import: import java.util.Base64;
static String toBase64(byte[] data) {
    return Base64.getEncoder().encodeToString(data);
}
//@ to_base64url
//@ import: import java.util.Base64;
static String toBase64url(byte[] data) {
    return Base64.getUrlEncoder().withoutPadding().encodeToString(data);
}
//@ hash_bytes
//@ import: import java.security.MessageDigest;
static byte[] hashBytes(String algorithm, byte[] data) throws Exception {
    String name = algorithm.equals("md5") ? "MD5" : algorithm.replace("sha", "SHA-");
    return MessageDigest.getInstance(name).digest(data);
}
//@ hmac_bytes
//@ import: import java.util.Locale;
//@ import: import javax.crypto.Mac;
//@ import: import javax.crypto.spec.SecretKeySpec;
static byte[] hmacBytes(String algorithm, byte[] key, byte[] data) throws Exception {
    Mac mac = Mac.getInstance("Hmac" + algorithm.toUpperCase(Locale.ROOT));
    mac.init(new SecretKeySpec(key, mac.getAlgorithm()));
    return mac.doFinal(data);
}
//@ private_key
//@ needs: from_hex joined_bytes
//@ import: import java.security.KeyFactory;
//@ import: import java.security.PrivateKey;
//@ import: import java.security.spec.InvalidKeySpecException;
//@ import: import java.security.spec.PKCS8EncodedKeySpec;
//@ import: import java.util.Base64;
//@ import: import java.util.regex.Matcher;
//@ import: import java.util.regex.Pattern;
// `algorithm` is the DER of the key's AlgorithmIdentifier, in hex.
static PrivateKey privateKey(String type, String algorithm, String text) throws Exception {
    Matcher block = Pattern.compile("-----BEGIN [A-Z ]*PRIVATE KEY-----(.*?)-----END", Pattern.DOTALL)
            .matcher(text);
    String body = (block.find() ? block.group(1) : text).replaceAll("\\\\n|\\\\r|\\s", "");
    byte[] key = Base64.getDecoder().decode(body);
    if (type.equals("Ed25519") && key.length == 32) key = joinedBytes(fromHex("0420"), key);
    KeyFactory factory = KeyFactory.getInstance(type);
    try {
        return factory.generatePrivate(new PKCS8EncodedKeySpec(key));
    } catch (InvalidKeySpecException error) {
        // PKCS#1 and SEC1 are what PKCS#8 has inside.
        byte[] inside = joinedBytes(fromHex("020100" + algorithm), der(0x04, key));
        return factory.generatePrivate(new PKCS8EncodedKeySpec(der(0x30, inside)));
    }
}

static byte[] der(int tag, byte[] content) throws Exception {
    String length = String.format("%02x", content.length);
    if (content.length > 255) length = String.format("82%04x", content.length);
    else if (content.length > 127) length = "81" + length;
    return joinedBytes(fromHex(String.format("%02x", tag) + length), content);
}
//@ signed
//@ import: import java.security.PrivateKey;
//@ import: import java.security.Signature;
static byte[] signed(Signature signature, PrivateKey key, byte[] data) throws Exception {
    signature.initSign(key);
    signature.update(data);
    return signature.sign();
}
//@ rsa_key
//@ needs: private_key
//@ import: import java.security.PrivateKey;
static PrivateKey rsaKey(String key) throws Exception {
    return privateKey("RSA", "300d06092a864886f70d0101010500", key);
}
//@ sign_rsa_pkcs1
//@ needs: rsa_key signed
//@ import: import java.security.Signature;
//@ import: import java.util.Locale;
static byte[] signRsaPkcs1(String algorithm, String key, byte[] data) throws Exception {
    String name = algorithm.toUpperCase(Locale.ROOT) + "withRSA";
    return signed(Signature.getInstance(name), rsaKey(key), data);
}
//@ sign_rsa_pss
//@ needs: rsa_key signed hash_bytes
//@ import: import java.security.Signature;
//@ import: import java.security.spec.MGF1ParameterSpec;
//@ import: import java.security.spec.PSSParameterSpec;
static byte[] signRsaPss(String algorithm, String key, byte[] data) throws Exception {
    String name = algorithm.replace("sha", "SHA-");
    int saltLength = hashBytes(algorithm, new byte[0]).length;
    Signature signature = Signature.getInstance("RSASSA-PSS");
    signature.setParameter(
            new PSSParameterSpec(name, "MGF1", new MGF1ParameterSpec(name), saltLength, 1));
    return signed(signature, rsaKey(key), data);
}
//@ sign_ecdsa
//@ needs: private_key signed
//@ import: import java.security.Signature;
//@ import: import java.util.Locale;
static byte[] signEcdsa(String curve, String algorithm, String form, String key, byte[] data)
        throws Exception {
    String identifier = curve.equals("P-256")
            ? "301306072a8648ce3d020106082a8648ce3d030107"
            : "301006072a8648ce3d020106052b81040022";
    String name = algorithm.toUpperCase(Locale.ROOT) + "withECDSA";
    Signature signature = Signature.getInstance(form.equals("der") ? name : name + "inP1363Format");
    return signed(signature, privateKey("EC", identifier, key), data);
}
//@ sign_ed25519
//@ needs: private_key signed
//@ import: import java.security.Signature;
static byte[] signEd25519(String key, byte[] data) throws Exception {
    return signed(Signature.getInstance("Ed25519"), privateKey("Ed25519", "300506032b6570", key), data);
}
//@ quoted
static String quoted(String text) {
    StringBuilder json = new StringBuilder("\"");
    for (char letter : text.toCharArray()) {
        int at = "\"\\\n\r\t\b\f".indexOf(letter);
        if (at >= 0) json.append('\\').append("\"\\nrtbf".charAt(at));
        else if (letter < 0x20) json.append(String.format("\\u%04x", (int) letter));
        else json.append(letter);
    }
    return json.append('"').toString();
}
//@ quoted_or_null
//@ needs: quoted
static String quotedOrNull(String text) {
    return text == null ? "null" : quoted(text);
}
//@ number_or_null
static String numberOrNull(String text) {
    return text == null ? "null" : text;
}
//@ with_member
//@ import: import java.util.List;
//@ import: import java.util.stream.Stream;
static List<String[]> withMember(List<String[]> members, String[] more) {
    Stream<String[]> others = members.stream().filter(known -> !known[0].equals(more[0]));
    return Stream.concat(others, Stream.<String[]>of(more)).toList();
}
//@ with_json_member
//@ needs: member with_member
//@ import: import java.util.List;
static List<String[]> withJsonMember(List<String[]> members, String name, String value) {
    return value == null ? members : withMember(members, member(name, value, value));
}
//@ with_text_member
//@ needs: member with_member quoted
//@ import: import java.util.List;
static List<String[]> withTextMember(List<String[]> members, String name, String text) {
    return text == null ? members : withMember(members, member(name, quoted(text), text));
}
//@ json_object
//@ needs: quoted
//@ import: import java.util.List;
//@ import: import java.util.stream.Collectors;
static String jsonObject(List<String[]> members) {
    return members.stream()
            .map(member -> quoted(member[0]) + ":" + member[1])
            .collect(Collectors.joining(",", "{", "}"));
}
//@ member_pairs
//@ needs: pair
//@ import: import java.util.List;
static List<String[]> memberPairs(List<String[]> members) {
    return members.stream().map(member -> pair(member[0], member[2])).toList();
}
//@ with_pair
//@ needs: pair also
//@ import: import java.util.List;
static List<String[]> withPair(List<String[]> pairs, String name, String value) {
    return value == null ? pairs : also(pairs, List.<String[]>of(pair(name, value)));
}
//@ with_header
//@ needs: pair also
//@ import: import java.util.List;
static List<String[]> withHeader(List<String[]> headers, String name, String value) {
    if (value == null) return headers;
    List<String[]> others = headers.stream().filter(header -> !header[0].equals(name)).toList();
    return also(others, List.<String[]>of(pair(name, value)));
}
//@ with_default_header
//@ needs: pair also
//@ import: import java.util.List;
static List<String[]> withDefaultHeader(List<String[]> headers, String name, String value) {
    boolean isKnown = headers.stream().anyMatch(header -> header[0].equals(name));
    return isKnown ? headers : also(List.<String[]>of(pair(name, value)), headers);
}
//@ header
//@ needs: fail
//@ import: import java.util.List;
static String header(List<String[]> headers, String name) {
    return headers.stream()
            .filter(header -> header[0].equals(name))
            .map(header -> header[1])
            .findFirst()
            .orElseThrow(() -> fail("the request has no header " + name));
}
//@ query_text
//@ needs: encoded concat
//@ import: import java.util.List;
static String queryText(List<String[]> pairs) {
    return concat(encoded(pairs), "=", "&");
}
//@ form_text
//@ needs: form_encoded_pairs concat
//@ import: import java.util.List;
static String formText(List<String[]> pairs) {
    return concat(formEncodedPairs(pairs), "=", "&");
}
//@ with_parameters
static String withParameters(String query, String more) {
    return query.isEmpty() || more.isEmpty() ? query + more : query + "&" + more;
}
//@ with_parameter
//@ needs: rfc3986 with_parameters
static String withParameter(String query, String name, String value) {
    return value == null ? query : withParameters(query, rfc3986(name) + "=" + rfc3986(value));
}
//@ with_field
//@ needs: form_encoded with_parameters
static String withField(String form, String name, String value) {
    return value == null ? form : withParameters(form, formEncoded(name) + "=" + formEncoded(value));
}
//@ target
static String target(String path, String query) {
    return query.isEmpty() ? path : path + "?" + query;
}
//@ send
//@ needs: utf8
//@ import: import java.net.URI;
//@ import: import java.net.http.HttpClient;
//@ import: import java.net.http.HttpRequest;
//@ import: import java.net.http.HttpResponse;
//@ import: import java.nio.charset.StandardCharsets;
//@ import: import java.time.Duration;
//@ import: import java.util.List;
static void send(String method, String origin, String targetLine, List<String[]> headers, byte[] body)
        throws Exception {
    HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(origin + targetLine))
            .version(HttpClient.Version.HTTP_1_1)
            .timeout(Duration.ofSeconds(60))
            .method(method, body.length == 0
                    ? HttpRequest.BodyPublishers.noBody()
                    : HttpRequest.BodyPublishers.ofByteArray(body));
    for (String[] header : headers) request.header(header[0], header[1]);
    HttpResponse<byte[]> response = HttpClient.newHttpClient()
            .send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
    System.err.println(response.statusCode());
    System.out.write(response.body());
    System.out.flush();
    if (response.statusCode() >= 400) System.exit(1);
}
