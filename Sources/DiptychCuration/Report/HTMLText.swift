/// Text as HTML.
package enum HTMLText {
    /// A text in which nothing is markup, in a direction of its own: control characters and marks of direction, which could turn what
    /// stands beside it, are left out.
    package static func escaped(_ text: String) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case "'": escaped += "&#39;"
            case "\n", "\t", "\r": escaped += " "
            default:
                guard scalar.value >= 0x20, !(0x7F..<0xA0).contains(scalar.value), !scalar.properties.isBidiControl,
                    !scalar.properties.isNoncharacterCodePoint
                else { continue }
                escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }

    /// A whole number with its thousands apart.
    package static func number(_ value: Int) -> String {
        let digits = String(value.magnitude)
        var text = ""
        for (place, digit) in digits.enumerated() {
            if place > 0, (digits.count - place).isMultiple(of: 3) { text += "," }
            text.append(digit)
        }
        return (value < 0 ? "−" : "") + text
    }

    /// A number with as many digits as say something.
    package static func number(_ value: Double) -> String {
        guard value.isFinite else { return "–" }
        if value.magnitude >= 100 || value == value.rounded(), value.magnitude < 1e15 {
            return number(Int(value.rounded()))
        }
        let scaled = (value * 1000).rounded() / 1000
        return "\(scaled)"
    }

    /// A number below a thousand with three digits behind the point.
    package static func thousandths(_ value: Double) -> String {
        guard value.isFinite, value.magnitude < 1e6 else { return "–" }
        let scaled = Int((value.magnitude * 1000).rounded())
        let digits = String(scaled % 1000)
        return (value < 0 ? "−" : "") + "\(scaled / 1000)." + String(repeating: "0", count: 3 - digits.count) + digits
    }

    /// Bytes in the unit that suits them.
    package static func bytes(_ value: Double) -> String {
        let units = ["B", "KiB", "MiB", "GiB", "TiB"]
        var (value, unit) = (value, 0)
        while value >= 1024, unit < units.count - 1 { (value, unit) = (value / 1024, unit + 1) }
        let shown = unit == 0 || value >= 100 ? number(Int(value.rounded())) : "\((value * 10).rounded() / 10)"
        return "\(shown) \(units[unit])"
    }
}
