internal import DiptychBasics

/// The pixel size of a picture.
struct Canvas {
    var width: Int
    var height: Int

    /// The side of the central square, which holds all objects.
    var side: Double { Double(min(width, height)) }
}

extension Scene {
    /// The side of the central square of every sample image, in pixels.
    static let side = 176

    /// The scene as an SVG document, before noise and light.
    ///
    /// - Parameter fixed: its size; drawn as well where there is none.
    func svg(on fixed: Canvas? = nil, using random: inout SplitMix64) -> (document: String, canvas: Canvas) {
        let long = Self.side * 4 / 3
        let canvas =
            fixed
            ?? random.pick(weighted: [
                (Canvas(width: Self.side, height: Self.side), 0.4), (Canvas(width: long, height: Self.side), 0.3),
                (Canvas(width: Self.side, height: long), 0.3),
            ])
        var document =
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"\(canvas.width)\" height=\"\(canvas.height)\">"
        document += backdrop.svg(on: canvas, using: &random)
        let isOutlined = random.chance(0.3)
        document += Self.svg(of: layout(using: &random), isOutlined: isOutlined, on: canvas, using: &random)
        return (document + "</svg>", canvas)
    }

    /// Objects from back to front, as elements of an SVG document.
    static func svg(
        of objects: [PlacedObject], isOutlined: Bool, on canvas: Canvas, using random: inout SplitMix64
    ) -> String {
        let originX = (Double(canvas.width) - canvas.side) / 2
        let originY = (Double(canvas.height) - canvas.side) / 2
        var document = ""
        // One paint a group: objects that are told as "three red stars" are equal.
        var paints: [ObjectGroup: Paint] = [:]
        for object in objects {
            let paint = paints[object.group] ?? Paint(object.group, number: paints.count, using: &random)
            if paints[object.group] == nil {
                paints[object.group] = paint
                document += paint.definition
            }
            let x = originX + object.x * canvas.side
            let y = originY + object.y * canvas.side
            let scale = object.diameter / 2 * canvas.side
            let place = "translate(\(x.short) \(y.short)) rotate(\(object.rotation.short)) scale(\(scale.short))"
            let stroke = isOutlined ? " stroke=\"\(paint.edge)\" stroke-width=\"\((1.4 / scale).short)\"" : ""
            document += "<g transform=\"\(place)\"><path d=\"\(object.group.shape.outline)\" fill=\"\(paint.fill)\""
            document += "\(stroke)/>"
            if object.group.shape == .flower {
                document += "<circle r=\"0.27\" fill=\"\(paint.second)\"/>"
            }
            document += "</g>"
        }
        return document
    }
}

/// How the objects of a group are filled.
private struct Paint {
    /// The SVG of the pattern that `fill` names, or nothing.
    var definition = ""
    var fill: String
    /// The pattern's second colour: lighter for dark objects, darker for light ones.
    var second: String
    var edge: String

    init(_ group: ObjectGroup, number: Int, using random: inout SplitMix64) {
        let main = group.color.rgb.varied(by: 12, using: &random)
        let isDark = main.luma < 120
        let contrast = isDark ? RGB(255, 255, 255) : RGB(20, 20, 30)
        let other = main.mixed(with: contrast, isDark ? 0.62 : 0.42)
        second = other.svg
        edge = main.mixed(with: RGB(0, 0, 0), 0.5).svg
        fill = main.svg
        guard group.texture != .plain else { return }
        // The tile is a share of the object, in the units of the outline.
        let tile = 0.5
        let angle = group.texture == .striped ? random.pick([0.0, 90, 45, -45]) : random.pick([0, 45])
        let marks =
            switch group.texture {
            case .plain: ""
            case .striped: "<rect width=\"\(tile)\" height=\"\(tile * 0.45)\" fill=\"\(second)\"/>"
            case .dotted:
                "<circle cx=\"\(tile / 2)\" cy=\"\(tile / 2)\" r=\"\(tile * 0.3)\" fill=\"\(second)\"/>"
            case .checked:
                "<rect width=\"\(tile / 2)\" height=\"\(tile / 2)\" fill=\"\(second)\"/>"
                    + "<rect x=\"\(tile / 2)\" y=\"\(tile / 2)\" width=\"\(tile / 2)\" height=\"\(tile / 2)\""
                    + " fill=\"\(second)\"/>"
            }
        definition =
            "<defs><pattern id=\"p\(number)\" width=\"\(tile)\" height=\"\(tile)\" patternUnits=\"userSpaceOnUse\""
            + " patternTransform=\"rotate(\(angle))\"><rect width=\"\(tile)\" height=\"\(tile)\" fill=\"\(main.svg)\"/>"
            + marks + "</pattern></defs>"
        fill = "url(#p\(number))"
    }
}

extension Double {
    /// Two digits after the point: a hundredth of a pixel is below what anybody sees.
    var short: String { "\((self * 100).rounded() / 100)" }
}
