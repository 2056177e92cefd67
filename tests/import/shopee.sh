# Two calls, one behind the other, with variables of the shell.
curl -sSL 'https://partner.shopeemobile.com/api/v2/order/get_order_list?partner_id=2001887&timestamp=1700000000&sign=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef&access_token=6a7574487a6b6d4d43&shop_id=14701711&time_range_field=create_time&page_size=20' | jq .
curl --request POST "https://api.shop.example/v1/orders/$ORDER_ID?dry=1" \
  -H "Authorization: Bearer $TOKEN" -H 'X-Empty;' -H 'Content-Type: application/json' \
  -d '{"sku":"A-1","count":12345678901234567890}' -o out.json && echo done
curl -XPOST https://api.shop.example/v1/login -u seller:pw-93kd93kd -d a=1 -d 'b=<name>'
curl -G https://api.shop.example/v1/search --data-urlencode 'q=a b' -H 'Cookie: sid=93kd93kd93kd93kd'
curl https://api.shop.example/v1/upload -F note=hello -F 'photo=@front.png;type=image/png'
curl https://api.shop.example/v1/raw --data-binary @body.bin -H 'Content-Type: application/octet-stream'
curl -X DELETE api.shop.example/v1/a/{id} https://api.shop.example/v1/b
curl --url https://api.shop.example/v1/x --no-such-option
curl -k -x http://proxy.example:3128 --max-time 5 --retry 2 --no-buffer https://api.shop.example/v1/slow
curl -G https://api.shop.example/v1/find -d @filter.txt --data-urlencode q@big.bin -d page=2
curl https://api.shop.example/v1/form -d a=1 --data-urlencode note@note.txt
curl -L https://api.shop.example/v1/moved
curl --path-as-is "https://partner.shopeemobile.com/api/v2/shop/get_shop_info?partner_id=2001887&timestamp=1700000000&access_token=$(ingam auth token default --scheme shopee --env live)&shop_id=14701711&sign=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
curl -H "X-Time: $(date +%s)" -H "Authorization: Bearer `cat 'my token.txt'`" "https://api.shop.example/v1/clock?id=${ID}"
