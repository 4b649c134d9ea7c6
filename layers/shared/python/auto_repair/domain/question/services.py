"""The words by which people mean an AWS service."""

from auto_repair.domain.question.words import Lexicon

# In the singular, as a question back says it.
NOUNS = {
    "lambda": "function",
    "apigateway": "API",
    "dynamodb": "table",
    "sqs": "queue",
    "s3": "bucket",
    "sns": "topic",
    "kinesis": "stream",
    "states": "state machine",
    "events": "rule",
    "rds": "database",
    "ec2": "instance",
    "elasticloadbalancing": "load balancer",
    "elasticache": "cache",
    "iam": "role",
    "kms": "key",
    "ssm": "parameter",
    "secretsmanager": "secret",
    "bedrock": "model",
}

SERVICES = Lexicon(
    {
        "lambda": r"""
            (aws )?lambdas?( functions?)?; functions?;
            (lambda-)?funktion(en)?; fonctions?; funcion(es)?;  # codespell:ignore funktion,fonctions,funcion
            函数; 云函数
        """,
        "apigateway": r"""
            (amazon )?api ?gateways?; (rest|http) apis?; apis?; endpoints?; schnittstelle; passerelle;
            接口; api 网关; 网关
        """,
        "dynamodb": r"""
            dynamo ?db( tables?)?; tables?; tabellen?; tablas?;
            数据表
        """,
        "sqs": r"""
            sqs( queues?)?; queues?; dlqs?; dead ?letter( queues?)?;
            warteschlangen?; files? d.attente; colas?;
            队列
        """,
        "s3": r"""
            s3( buckets?)?; buckets?;
            存储桶
        """,
        "sns": r"""
            sns( topics?)?; topics?;
            主题
        """,
        "kinesis": r"""
            kinesis( (data )?streams?)?; streams?;
            数据流
        """,
        "states": r"""
            state machines?; step functions?; workflows?; zustandsautomat(en)?; machines? a etats;
            maquinas? de estados;
            状态机; 工作流
        """,
        "events": r"""
            eventbridge( rules?)?; event bus(es)?; rules?; regeln?; regles?; reglas?;
            规则
        """,
        "rds": r"""
            rds; aurora; databases?; datenbank(en)?; bases? de donnees; bases? de datos;
            数据库
        """,
        "ec2": r"""
            ec2( instances?)?; instances?; servers?; instanz(en)?; serveurs?; servidor(es)?;
            实例; 服务器
        """,
        "elasticloadbalancing": r"""
            (application )?load ?balancers?; alb; elb; lastverteiler; repartiteurs? de charge;
            balanceador(es)?;
            负载均衡器?
        """,
        "elasticache": r"""
            elasticache; redis; valkey; memcached; caches?;
            缓存
        """,
        "iam": r"""
            (iam )?roles?; rollen?;
            角色
        """,
        "kms": r"""
            (kms )?keys?; kms; schlussel; cles?;
            密钥
        """,
        "ssm": r"""
            (ssm )?parameters?; parametres?; parametros?;  # codespell:ignore parametres
            参数
        """,
        "secretsmanager": r"""
            secrets manager; secrets?;
            机密
        """,
        "bedrock": r"""
            bedrock( models?)?; models?; modell?e?;  # codespell:ignore modell
            模型
        """,
    }
)
