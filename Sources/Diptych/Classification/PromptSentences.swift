/// The sentences of the built-in templates, in groups: plain, quality, viewpoint and place in the image, surroundings,
/// drawn, made of something.
///
/// English puts the label where no article is missed, and mostly in front of a comma, as titles of images do: "two cats,
/// seen from above", "Mount Fuji, seen from above". Chinese joins it by 的 or makes it an object, because 一个 or 一只 fits
/// some nouns only.
enum PromptSentences {
    static let english = [
        // Plain.
        "a photo of {}.",
        "a picture that shows {}.",
        "{}, photographed by an amateur.",
        "{}, photographed by a professional.",
        // Quality and light.
        "{}, sharp and evenly lit.",
        "{}, blurred and out of focus.",
        "a grainy shot of {}.",
        "a tiny thumbnail of {}, enlarged.",
        "an old, faded print of {}.",
        "{} in black and white.",
        "{} in vivid colours.",
        "{} in bright sunlight.",
        "{} at night.",
        "{}, backlit.",
        // Viewpoint and place in the image.
        "{}, seen from very near.",
        "{}, seen from far away.",
        "{}, seen from above.",
        "{}, seen from below.",
        "{}, seen from the side.",
        "{}, filling the whole frame.",
        "{}, small within the frame.",
        "{}, cut off by the edge of the picture.",
        "{}, half hidden behind something else.",
        // Surroundings.
        "{} in front of a plain background.",
        "{} in a cluttered scene.",
        "{} indoors.",
        "{} outdoors.",
        // Drawn.
        "{}, sketched in pencil.",
        "{}, painted in oil.",
        "{}, painted in watercolours.",
        "{}, drawn by a child.",
        "{}, drawn as a comic.",
        "an icon that stands for {}.",
        "{}, sprayed on a wall.",
        "{}, inked on skin.",
        "{}, rendered in 3D by a computer.",
        // Made of something.
        "{}, carved in stone.",
        "{}, moulded in plastic for children to play with.",
        "{}, folded from paper.",
        "{}, knitted from wool.",
        "{}, stitched on fabric.",
    ]

    static let chinese = [
        // Plain.
        "一张拍到了{}的照片。",
        "一张展示{}的图片。",
        "图中可以看到{}。",
        "这张照片拍的是{}。",
        "业余爱好者拍摄的{}。",
        "专业摄影师拍摄的{}。",
        // Quality and light.
        "一张拍得很清楚的{}照片。",
        "一张失焦模糊的{}照片。",
        "一张布满噪点的{}照片。",
        "一张放大后很粗糙的{}缩略图。",
        "一张褪色的{}老照片。",
        "一张{}的黑白照。",
        "色彩鲜艳的{}照片。",
        "阳光下的{}。",
        "夜色中的{}。",
        "逆光拍摄的{}。",
        // Viewpoint and place in the image.
        "贴近镜头的{}。",
        "从远处看到的{}。",
        "从高处俯拍的{}。",
        "从低处仰拍的{}。",
        "从侧面看到的{}。",
        "占满整个画面的{}。",
        "在画面中显得很小的{}。",
        "只拍进一部分的{}。",
        "被别的东西挡住一半的{}。",
        // Surroundings.
        "纯色背景前的{}。",
        "杂乱场景里的{}。",
        "室内的{}。",
        "室外的{}。",
        // Drawn.
        "用铅笔勾勒的{}。",
        "一幅{}的油画。",
        "一幅{}的水彩画。",
        "一幅以{}为题的水墨画。",
        "孩子画的{}。",
        "漫画里的{}。",
        "代表{}的图标。",
        "喷绘在墙上的{}。",
        "纹在皮肤上的{}。",
        "电脑制作的{}三维图。",
        // Made of something.
        "石头雕成的{}。",
        "做成塑料玩具的{}。",
        "用纸折成的{}。",
        "毛线织成的{}。",
        "绣在布上的{}。",
    ]
}
