/// What sites say against the use of their images for training.
enum Reservations {
    private static let directives: Set = ["noai", "noimageai", "noindex", "noimageindex", "none"]
    /// The names that rules for this program alone can have.
    private static let names: Set = ["diptych", "*"]

    /// The header that reserves a file; nil where none does.
    ///
    /// - Parameters:
    ///   - robots: the values of `X-Robots-Tag`, each a list of directives that may begin with the name of the program that they are
    ///     for (`otherbot: noai`).
    ///   - reservation: the value of `TDM-Reservation` (TDMRep).
    static func reason(robots: [String], reservation: String?) -> String? {
        if reservation == "1" { return "its site reserves it: TDM-Reservation: 1" }
        for value in robots {
            var isMeant = true
            for part in value.split(separator: ",") {
                var directive = part.lowercased().filter { $0 != " " && $0 != "\t" }
                if let colon = directive.firstIndex(of: ":") {
                    let name = String(directive[..<colon])
                    // A few directives have a value themselves.
                    guard
                        !["unavailable_after", "max-snippet", "max-image-preview", "max-video-preview"].contains(name)
                    else { continue }
                    isMeant = names.contains(name)
                    directive = String(directive[directive.index(after: colon)...])
                }
                if isMeant, directives.contains(directive) {
                    return "its site reserves it: X-Robots-Tag: \(value.prefix(100))"
                }
            }
        }
        return nil
    }
}
