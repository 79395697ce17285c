/// The program's name and version, told here alone.
public enum Product {
    public static let name = "aliyunfs"
    public static let version = "0.1.0"
}
