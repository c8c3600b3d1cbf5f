/// The version of this package: the one place where the number stands.
///
/// It follows [semantic versioning](https://semver.org): before 1.0, a change of the second number may change an interface, and
/// `CHANGELOG.md` says how. The command line, the server's answers and metrics, stores and exported files name it.
public enum DiptychVersion {
    /// The number, such as `0.2.0`.
    public static let number = "0.2.0"
}
