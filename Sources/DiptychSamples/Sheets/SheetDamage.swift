internal import DiptychBasics
import DiptychMedia
internal import Foundation

/// What happens to a sheet after it was drawn.
enum SheetDamage {
    /// The sheet as its degree leaves it, and the quality of its JPEG file; nil for PNG.
    static func applied(
        _ degree: SheetDegree, to sheet: SheetDrawing.Result, using random: inout SplitMix64
    ) throws -> (sheet: SheetDrawing.Result, quality: Int?) {
        switch degree {
        case .clean: return (sheet, random.chance(0.5) ? nil : 92)
        case .overlaid: return (sheet, 90)
        case .worn:
            let share = random.between(0.6, 0.85)
            let small = try sheet.image.resized(
                width: max(1, Int(Double(sheet.image.width) * share)),
                height: max(1, Int(Double(sheet.image.height) * share)))
            let worn = try Image.decode(small.jpeg(quality: 20 + random.below(20)))
            let image = try worn.resized(width: sheet.image.width, height: sheet.image.height)
            return (.init(image: image, boxes: sheet.boxes), 30 + random.below(25))
        case .lowContrast:
            let (share, floor) = (random.between(0.3, 0.5), random.between(60, 120))
            let bytes = sheet.image.bytes.map { UInt8(min(255, floor + Double($0) * share)) }
            return (
                .init(
                    image: try Image(width: sheet.image.width, height: sheet.image.height, bytes: bytes),
                    boxes: sheet.boxes), 88
            )
        case .askew: return (try photographed(sheet, using: &random), 80)
        }
    }

    /// The sheet on a table, turned by up to four degrees and seen from a little beside its middle.
    private static func photographed(
        _ sheet: SheetDrawing.Result, using random: inout SplitMix64
    ) throws -> SheetDrawing.Result {
        let (width, height) = (Double(sheet.image.width), Double(sheet.image.height))
        let angle = random.between(-4, 4) * Double.pi / 180
        let (tiltX, tiltY) = (random.between(-0.03, 0.03), random.between(-0.03, 0.03))
        let room = 24.0 + random.between(0, 20)
        let (outWidth, outHeight) = (
            Int(width * cos(angle) + height * abs(sin(angle)) + 2 * room),
            Int(height * cos(angle) + width * abs(sin(angle)) + 2 * room)
        )
        // From the sheet, around its middle, to the photograph: x' = R x / (1 + t · x).
        func forward(_ x: Double, _ y: Double) -> (Double, Double) {
            let (u, v) = (x - width / 2, y - height / 2)
            let (a, b) = (u * cos(angle) - v * sin(angle), u * sin(angle) + v * cos(angle))
            let depth = 1 + tiltX * a / width + tiltY * b / height
            return (a / depth + Double(outWidth) / 2, b / depth + Double(outHeight) / 2)
        }
        func backward(_ x: Double, _ y: Double) -> (Double, Double) {
            let (p, q) = (x - Double(outWidth) / 2, y - Double(outHeight) / 2)
            let depth = 1 / (1 - tiltX * p / width - tiltY * q / height)
            let (a, b) = (p * depth, q * depth)
            return (a * cos(angle) + b * sin(angle) + width / 2, -a * sin(angle) + b * cos(angle) + height / 2)
        }
        let table = random.pick([RGB(120, 92, 66), RGB(88, 96, 104), RGB(176, 160, 138)])
        let (lightX, lightY) = (random.between(-0.16, 0.16), random.between(-0.16, 0.16))
        var bytes = [UInt8](repeating: 0, count: outWidth * outHeight * 3)
        let source = sheet.image.bytes, stride = sheet.image.width * 3
        for row in 0..<outHeight {
            for column in 0..<outWidth {
                let (x, y) = backward(Double(column) + 0.5, Double(row) + 0.5)
                let (u, v) = (x - 0.5, y - 0.5)
                let (left, top) = (Int(u.rounded(.down)), Int(v.rounded(.down)))
                let isInside = left >= 0 && top >= 0 && left + 1 < sheet.image.width && top + 1 < sheet.image.height
                let light =
                    0.97 + lightX * (Double(column) / Double(outWidth) - 0.5)
                    + lightY * (Double(row) / Double(outHeight) - 0.5)
                let noise = random.next()
                for channel in 0..<3 {
                    var value = [table.red, table.green, table.blue][channel]
                    if isInside {
                        let (fx, fy) = (u - Double(left), v - Double(top))
                        let at = top * stride + left * 3 + channel
                        let upper = Double(source[at]) * (1 - fx) + Double(source[at + 3]) * fx
                        let lower = Double(source[at + stride]) * (1 - fx) + Double(source[at + stride + 3]) * fx
                        value = upper * (1 - fy) + lower * fy
                    }
                    let deviation = Double((noise >> (UInt64(channel) * 8)) & 0xFF) / 255 * 8 - 4
                    bytes[(row * outWidth + column) * 3 + channel] = UInt8(
                        min(max(value * light + deviation, 0), 255))
                }
            }
        }
        let boxes = sheet.boxes.map { box -> SheetBox in
            let (x, y) = (Double(box.x), Double(box.y)), (w, h) = (Double(box.width), Double(box.height))
            let corners = [forward(x, y), forward(x + w, y), forward(x, y + h), forward(x + w, y + h)]
            let (xs, ys) = (corners.map(\.0), corners.map(\.1))
            let (left, top) = (Int((xs.min() ?? 0).rounded()), Int((ys.min() ?? 0).rounded()))
            return SheetBox(
                x: left, y: top, width: Int((xs.max() ?? 0).rounded()) - left,
                height: Int((ys.max() ?? 0).rounded()) - top)
        }
        return .init(image: try Image(width: outWidth, height: outHeight, bytes: bytes), boxes: boxes)
    }
}
