/// Short descriptions of all kinds of images, in English and Chinese: what people might search for whatever a store
/// holds. How near images come to texts that have nothing to do with them is measured with these.
enum BackgroundTexts {
    static let all = english + chinese

    static let english = [
        "a dog", "two cats sleeping", "a horse in a field", "a bird on a branch", "fish under water",
        "an insect on a leaf",
        "an elephant", "a portrait of a woman", "an old man smiling", "a group of children", "a baby",
        "a crowd of people",
        "a wedding", "a birthday party", "people at a table", "a football match", "a runner", "someone swimming",
        "a cyclist", "a concert", "mountains", "a forest in autumn", "a lake", "the sea at sunset", "a beach",
        "snow on trees", "a waterfall", "a desert", "the night sky", "clouds", "a garden with flowers", "a red rose",
        "a city street", "a skyline at night", "a church", "a bridge over a river", "an old house", "a kitchen",
        "a bedroom", "an office", "a staircase", "a shop window", "a car", "a train at a station", "an aeroplane",
        "a boat in a harbour", "a bicycle", "a motorcycle", "a plate of food", "a cup of coffee", "fruit on a market",
        "a cake", "a glass of wine", "a screenshot of a website", "a page of text", "a map", "a chart with numbers",
        "a handwritten note", "a painting", "a drawing of a house", "a logo", "a toy", "a pair of shoes", "a dress",
    ]

    static let chinese = [
        "一只狗", "两只睡觉的猫", "田野里的马", "树枝上的鸟", "水里的鱼", "叶子上的昆虫", "一头大象", "一个女人的肖像",
        "微笑的老人", "一群孩子", "婴儿", "人群", "婚礼", "生日聚会", "坐在桌边的人", "足球比赛", "跑步的人", "游泳", "骑自行车的人",
        "音乐会", "山", "秋天的森林", "湖", "海上日落", "沙滩", "树上的雪", "瀑布", "沙漠", "夜空", "云", "花园", "红玫瑰", "城市街道",
        "夜晚的城市", "教堂", "河上的桥", "老房子", "厨房", "卧室", "办公室", "楼梯", "商店橱窗", "汽车", "车站的火车", "飞机", "港口的船",
        "自行车", "摩托车", "一盘菜", "一杯咖啡", "市场上的水果", "蛋糕", "一杯酒", "网页截图", "一页文字", "地图", "图表", "手写的便条",
        "一幅画", "房子的图画", "标志", "玩具", "一双鞋", "一条裙子",
    ]
}
